//! Whether a run in shards still holds what the bundle says that it was merged from.

use anyhow::ensure;

use super::names;
use super::open::Opened;
use crate::files;
use crate::shard::Run;
use crate::snapshot::{Source, load};

/// Compares the hash of each shard; how many there are.
pub(super) fn compare(bundle: &Opened, run: &Run) -> anyhow::Result<usize> {
    let snapshot = load(&Source::File(bundle.at(names::INVENTORY)))?;
    let shards = snapshot.inventory.trailer.map(|it| it.shards);
    let shards = shards.unwrap_or_default();
    let delivered = shards
        .iter()
        .filter_map(|it| Some((it.shard, it.delivered.as_ref()?)));
    ensure!(
        delivered.clone().next().is_some(),
        "its facts were not merged from shards, and --run names a run"
    );
    let work = files::temporary_folder()?;
    for (shard, told) in delivered.clone() {
        let here = run.sha256(shard, work.path())?;
        let here = here.as_deref().unwrap_or("not there");
        ensure!(
            here == told.sha256,
            "shard {shard} of the run is not what was merged: its SHA-256 was {}, now it is {here}",
            told.sha256
        );
    }
    Ok(delivered.count())
}
