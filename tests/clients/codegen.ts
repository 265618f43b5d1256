// Configuration of graphql-codegen: typed documents, from the schema of the stack at CLIENTELE_URL.
import type { CodegenConfig } from "@graphql-codegen/cli";

import { setting } from "./src/settings.js";

const config: CodegenConfig = {
  schema: [
    { [`${setting("CLIENTELE_URL")}/graphql`]: { headers: { Authorization: `Bearer ${setting("CLIENTELE_KEY")}` } } },
  ],
  documents: "documents/*.graphql",
  emitLegacyCommonJSImports: false,
  generates: {
    "generated/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        strictScalars: true,
        scalars: { DateTime: "string" },
        useTypeImports: true,
        enumsAsTypes: true,
      },
    },
  },
};

export default config;
