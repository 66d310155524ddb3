//! Temporary files that a killed run left behind: the next run takes them away.
//!
//! Whoever writes one holds a lock on it, which ends with the process. What nobody holds, and is not quite new, is a
//! leftover.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// How the names of temporary files beside their place begin.
pub const PREFIX: &str = ".trailaudit-";
/// How the names of folders among the machine's temporary files begin.
pub const TEMPORARY: &str = "trailaudit-unpacked-";
/// Between being made and being locked, a file is this young.
const YOUNG: Duration = Duration::from_secs(60);
/// No more names are looked at: a folder may hold anything.
const NAMES: usize = 10_000;

/// Removes what killed runs left in a folder. What cannot be removed stays: it harms nobody.
pub fn clean(folder: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.take(NAMES).filter_map(Result::ok) {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|it| is_ours(it, prefix));
        // A link is not followed.
        let (Ok(kind), Ok(metadata)) = (entry.file_type(), entry.metadata()) else {
            continue;
        };
        let old = metadata
            .modified()
            .ok()
            .and_then(|it| it.elapsed().ok())
            .is_some_and(|age| age > YOUNG);
        if !ours || !old || !(kind.is_file() || kind.is_dir()) {
            continue;
        }
        let Ok(held) = File::open(entry.path()) else {
            continue;
        };
        if held.try_lock().is_err() {
            continue;
        }
        let _ = if kind.is_dir() {
            std::fs::remove_dir_all(entry.path())
        } else {
            std::fs::remove_file(entry.path())
        };
    }
}

/// The prefix and six letters or digits, as temporary files are named.
fn is_ours(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|it| it.is_ascii_alphanumeric()))
}

/// Holds a folder for as long as the handle lives.
#[must_use]
pub fn hold(folder: &Path) -> Option<File> {
    let handle = File::open(folder).ok()?;
    handle.try_lock().ok()?;
    Some(handle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    fn aged(path: &Path) {
        let long_ago = SystemTime::now() - Duration::from_secs(3600);
        File::open(path).unwrap().set_modified(long_ago).unwrap();
    }

    #[test]
    fn only_what_nobody_holds_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            ".trailaudit-aB3dEf",
            ".trailaudit-held00",
            ".trailaudit-young0",
            ".trailaudit-other-name",
            "x",
        ] {
            std::fs::write(at(name), "").unwrap();
            if name != ".trailaudit-young0" {
                aged(&at(name));
            }
        }
        std::fs::create_dir(at(".trailaudit-folder")).unwrap();
        std::fs::write(at(".trailaudit-folder").join("a"), "").unwrap();
        aged(&at(".trailaudit-folder"));
        let held = File::open(at(".trailaudit-held00")).unwrap();
        held.try_lock().unwrap();
        clean(folder.path(), PREFIX);
        let mut left: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(
            left,
            [
                ".trailaudit-held00",
                ".trailaudit-other-name",
                ".trailaudit-young0",
                "x"
            ]
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("kept"), "").unwrap();
        std::os::unix::fs::symlink(outside.path(), folder.path().join(".trailaudit-linked"))
            .unwrap();
        clean(folder.path(), PREFIX);
        assert!(outside.path().join("kept").exists());
        assert!(folder.path().join(".trailaudit-linked").exists());
    }
}
