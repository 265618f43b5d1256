// The API reference of the local stack: starts Swagger UI with every OpenAPI specification and the key of the demo tenant.
"use strict";

/** Names this stack in place of Swagger UI's logo, whose inline style the content security policy refuses. */
const name = ({ React }) => ({ components: { Logo: () => React.createElement("span", {}, "Clientele") } });

async function start() {
  try {
    const { key, specifications } = await (await fetch("/console/api/info", { cache: "no-store" })).json();
    const ui = SwaggerUIBundle({
      dom_id: "#reference",
      urls: specifications,
      presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
      plugins: [SwaggerUIBundle.plugins.DownloadUrl, name],
      layout: "StandaloneLayout",
      deepLinking: true,
      defaultModelsExpandDepth: 0,
      displayRequestDuration: true,
      tryItOutEnabled: true,
      // No other server is asked whether the specification is valid.
      validatorUrl: null,
      // Runs after each specification has been loaded.
      onComplete: () => ui.preauthorizeApiKey("bearer", key),
    });
  } catch (error) {
    const text = `Cannot load the API reference: ${error.message}. Check that the stack is running.`;
    document.getElementById("reference").textContent = text;
  }
}

start();
