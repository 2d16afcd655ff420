-- Says whether every module runs, to this machine alone.
local modulemanager = require "core.modulemanager"

module:provides("http", {
	route = {
		GET = function(event)
			local ip = event.request.ip
			if ip ~= "127.0.0.1" and ip ~= "::1" and ip ~= "::ffff:127.0.0.1" then return 403 end
			for host in pairs(prosody.hosts) do
				for _, loaded in pairs(modulemanager.get_modules(host)) do
					if loaded.module.status_type == "error" then return 500 end
				end
			end
			return { status_code = 200, headers = { content_type = "text/plain" }, body = "OK\n" }
		end,
	},
})
