-- Every room begins with its lobby open, once it is sure that the room may be made (Prosody decides at -1000).
module:hook("muc-room-pre-create", function(event)
	prosody.events.fire_event("create-persistent-lobby-room", { room = event.room })
end, -1001)
