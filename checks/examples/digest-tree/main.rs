//! Writes a signed tree of digests and logs into a folder, for benches and for judging by other verifiers.
//!
//! `digest-tree FOLDER < SPEC.json`: the folder gets the bucket's keys as paths, `.metadata.jsonl` with the objects'
//! metadata, and beside it `FOLDER.keys.json` with the public keys as `ListPublicKeys` gives them, per region. What the
//! tree holds of another bucket goes to `FOLDER@BUCKET`.

#[path = "../../tests/digest/tree/mod.rs"]
mod tree;

use std::error::Error;
use std::io::Write as _;
use std::path::{Component, Path};

#[expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a program, not the crate"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: digest-tree FOLDER < SPEC.json");
        std::process::exit(2);
    };
    let spec: tree::spec::Spec = serde_json::from_reader(std::io::stdin())?;
    let tree = tree::Tree::new(&spec);
    let mut buckets: std::collections::BTreeSet<&String> =
        tree.objects.keys().map(|(bucket, _)| bucket).collect();
    buckets.insert(&spec.bucket);
    for name in buckets {
        let root = match *name == spec.bucket {
            true => folder.clone(),
            false => format!("{folder}@{name}"),
        };
        write(Path::new(&root), &tree, name)?;
    }
    std::fs::write(
        format!("{folder}.keys.json"),
        serde_json::to_vec_pretty(&tree.public_keys())?,
    )?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a program, not the crate"
)]
fn write(root: &Path, tree: &tree::Tree, name: &str) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(root)?;
    let mut side = std::io::BufWriter::new(std::fs::File::create(root.join(".metadata.jsonl"))?);
    for ((bucket, key), object) in &tree.objects {
        let path = Path::new(key);
        // The tree may hold hostile keys; this program writes none of them.
        if bucket != name
            || path
                .components()
                .any(|part| !matches!(part, Component::Normal(_)))
        {
            continue;
        }
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(root))?;
        std::fs::write(&path, &object.bytes)?;
        if !object.metadata.is_empty() {
            serde_json::to_writer(
                &mut side,
                &serde_json::json!({"bucket": bucket, "key": key, "metadata": object.metadata}),
            )?;
            side.write_all(b"\n")?;
        }
    }
    side.flush()?;
    Ok(())
}
