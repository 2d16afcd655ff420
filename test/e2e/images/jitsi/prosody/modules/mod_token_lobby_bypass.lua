-- Who has "lobby_bypass" in the token doesn't wait in a lobby.
module:hook("muc-occupant-pre-join", function(event)
	local room, occupant, user = event.room, event.occupant, event.origin.jitsi_meet_context_user
	if not room._data.lobbyroom or type(user) ~= "table" or user.lobby_bypass ~= true then return end
	occupant.role = "participant"
	if (room:get_affiliation(occupant.bare_jid) or "none") == "none" then
		room:set_affiliation(true, occupant.bare_jid, "member")
	end
end, -3)
