-- Creates the accounts of jicofo and the bridge. As in the real image, one that is there keeps its password.
local usermanager = require "core.usermanager"

local function create(name, password)
	if usermanager.user_exists(name, module.host) then
		module:log("info", "%s exists", name)
	else
		assert(usermanager.create_user(name, password, module.host))
		module:log("info", "%s registered", name)
	end
end

local function user(variable, default)
	local name = os.getenv(variable)
	return name ~= nil and name ~= "" and name or default
end

module:hook_global("server-started", function()
	create("focus", os.getenv("JICOFO_AUTH_PASSWORD"))
	create(user("JVB_AUTH_USER", "jvb"), os.getenv("JVB_AUTH_PASSWORD"))
end)
