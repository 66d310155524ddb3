//! Reads the configuration that a plan was made of: the files of the root module, and of the modules that it calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::Deserialize;
use trailaudit_checks::terraform::{SourceFile, Sources};

use crate::files;

/// No module has more files, and no file is larger.
const FILES: usize = 10_000;
const SIZE: u64 = 4 << 20;

/// What `terraform init` notes of the modules it fetched.
#[derive(Debug, Deserialize)]
struct Manifest {
    #[serde(rename = "Modules", default)]
    modules: Vec<Fetched>,
}

#[derive(Debug, Deserialize)]
struct Fetched {
    /// The calls, joined by dots; empty for the root.
    #[serde(rename = "Key")]
    key: String,
    /// The folder, relative to the root module.
    #[serde(rename = "Dir")]
    dir: PathBuf,
}

/// The files below a folder: those of the root module, and of each module in it by its path of calls.
pub(super) fn read(root: &Path) -> anyhow::Result<Sources> {
    let mut sources = Sources::default();
    let mut folders: BTreeMap<String, PathBuf> = BTreeMap::new();
    folders.insert(String::new(), PathBuf::new());
    let manifest = root.join(".terraform/modules/modules.json");
    if manifest.exists() {
        let text = files::read_text(&manifest, files::SMALL)?;
        let manifest: Manifest = serde_json::from_str(&text)
            .with_context(|| format!("{} cannot be read", manifest.display()))?;
        for module in manifest.modules {
            folders.insert(module.key, module.dir);
        }
    }
    let mut count = 0;
    let mut waiting: Vec<(String, PathBuf)> = folders.clone().into_iter().collect();
    while let Some((key, folder)) = waiting.pop() {
        let mut module = Vec::new();
        let place = root.join(&folder);
        let entries = match std::fs::read_dir(&place) {
            Ok(entries) => entries,
            Err(error) if key.is_empty() => {
                return Err(error).with_context(|| format!("{} cannot be read", place.display()));
            }
            Err(_) => continue,
        };
        let mut paths: Vec<PathBuf> = entries.filter_map(|it| Some(it.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            let is_source = path.extension().is_some_and(|it| it == "tf");
            if !is_source || !path.is_file() || count >= FILES {
                continue;
            }
            count += 1;
            let Ok(text) = files::read_text(&path, SIZE) else {
                continue;
            };
            module.push(SourceFile {
                name: shown(&path, root),
                text,
            });
        }
        // A module in the same repository is where its call says, also without `terraform init`.
        for (name, local) in sources.add(&key, module) {
            let inner = match key.is_empty() {
                true => name,
                false => format!("{key}.{name}"),
            };
            if !folders.contains_key(&inner) && folders.len() < FILES {
                let folder = folder.join(local);
                folders.insert(inner.clone(), folder.clone());
                waiting.push((inner, folder));
            }
        }
    }
    Ok(sources)
}

/// As a platform shows it: relative to where the program runs, else to the root module, with slashes, and without what
/// leads nowhere.
fn shown(path: &Path, root: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = match path.strip_prefix(&here) {
        Ok(inside) => inside,
        Err(_) if path.is_absolute() => path.strip_prefix(root).unwrap_or(path),
        Err(_) => path,
    };
    let mut parts: Vec<String> = Vec::new();
    for part in path.components() {
        match part {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if parts.last().is_some_and(|it| it != "..") => {
                parts.pop();
            }
            other @ (std::path::Component::Prefix(_)
            | std::path::Component::RootDir
            | std::path::Component::ParentDir
            | std::path::Component::Normal(_)) => {
                parts.push(other.as_os_str().to_string_lossy().into_owned());
            }
        }
    }
    parts.join("/")
}
