"""Pages of the chat."""

from django.urls import path

from chat.views import attachments, branches, messages, people, rooms, settings, theme

urlpatterns = [
    path("", rooms.home, name="home"),
    path("welcome/", rooms.welcome, name="welcome"),
    path("rooms/", rooms.create, name="rooms"),
    path("rooms/new/", rooms.new, name="new_room"),
    path("rooms/<uuid:room_id>/", rooms.room, name="room"),
    path("rooms/<uuid:room_id>/messages/", messages.post, name="messages"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/", messages.message, name="message"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/edit/", messages.edit, name="message_edit"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/deletion/", messages.delete, name="message_deletion"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/choice/", branches.choose, name="message_choice"),
    path("rooms/<uuid:room_id>/messages/<uuid:message_id>/resubmission/", branches.resubmit, name="message_resubmission"),
    path("rooms/<uuid:room_id>/read/", messages.read, name="room_read"),
    path("rooms/<uuid:room_id>/settings/", settings.settings, name="room_settings"),
    path("rooms/<uuid:room_id>/name/", settings.rename, name="room_name"),
    path("rooms/<uuid:room_id>/members/", settings.add, name="room_members"),
    path("rooms/<uuid:room_id>/members/<str:username>/removal/", settings.remove_member, name="room_member_removal"),
    path("rooms/<uuid:room_id>/removal/", settings.remove, name="room_removal"),
    path("attachments/<uuid:attachment_id>/preview/", attachments.preview, name="attachment_preview"),
    path("attachments/<uuid:attachment_id>/<str:name>", attachments.download, name="attachment"),
    path("people/", people.directory, name="people"),
    path("people/<str:username>/", rooms.person, name="person"),
    path("theme/", theme.theme, name="theme"),
]
