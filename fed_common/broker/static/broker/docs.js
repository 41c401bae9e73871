"use strict";

// validatorUrl: the usual one asks a server of the internet.
SwaggerUIBundle({
  url: "/api/schema",
  dom_id: "#api",
  deepLinking: true,
  docExpansion: "list",
  tryItOutEnabled: true,
  validatorUrl: null,
});
