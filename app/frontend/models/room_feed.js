// What a room's client has seen. Events are applied once and in order; a gap asks for what is missing.
export class RoomFeed {
  constructor(room, seq) {
    this.room = room
    this.seq = seq
  }

  get openFrame() {
    return { type: "open", room: this.room, after: this.seq }
  }

  // "new": apply it · "seen": it has been applied · "gap": ask again from openFrame
  take(event) {
    if (event.seq <= this.seq) return "seen"
    if (event.seq > this.seq + 1) return "gap"
    this.seq = event.seq
    return "new"
  }

  // The answer to openFrame holds all after our seq, in order. Nothing if the server cannot say: then the page is loaded anew.
  resume(opened) {
    if (!opened.recovered) return null
    const missed = opened.events.filter(event => event.seq > this.seq)
    this.seq = Math.max(this.seq, opened.seq)
    return missed
  }

  behind(seqs) {
    return (seqs[this.room] ?? 0) > this.seq
  }
}
