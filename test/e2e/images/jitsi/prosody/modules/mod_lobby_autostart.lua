-- Every room begins with its lobby open.
module:hook("muc-room-pre-create", function(event)
	prosody.events.fire_event("create-persistent-lobby-room", { room = event.room })
end)
