//! Pieces, joined to episodes.

use super::{Episode, NAMES, PAUSE, Piece, count};

/// Calls of one episode that are told one by one; the others are counted.
const ITEMS: usize = 500;

fn word(rank: u8) -> &'static str {
    match rank {
        0 => "verified",
        1 => "version",
        2 => "unverified",
        3 => "unlisted",
        _ => "altered",
    }
}

/// Joins sorted pieces.
#[derive(Debug, Default)]
pub struct Episodes {
    group: Vec<u8>,
    before: Vec<u8>,
    rank: u8,
    held: Option<Episode>,
}

impl Episodes {
    /// Takes the next piece; the episode that ended before it.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn piece(
        &mut self,
        sort: &[u8],
        piece: &[u8],
    ) -> Result<Option<Episode>, serde_json::Error> {
        let piece: Piece = serde_json::from_slice(piece)?;
        // It ends with its proof: a weaker one is a copy all the same.
        let event = sort.get(..sort.len().saturating_sub(1));
        let event = event.unwrap_or_default();
        let group = event
            .get(..event.len().saturating_sub(8 + piece.id.len()))
            .unwrap_or_default();
        let same = self.group == group;
        if same && self.before == event && !piece.id.is_empty() {
            return Ok(None);
        }
        self.before = event.to_vec();
        let goes_on = same
            && self
                .held
                .as_ref()
                .is_some_and(|it| match (it.end, piece.first) {
                    (Some(end), Some(first)) => first.duration_since(end) < PAUSE,
                    (None, None) => true,
                    (Some(_), None) | (None, Some(_)) => false,
                });
        let ended = match goes_on {
            true => None,
            false => self.held.take(),
        };
        if !goes_on {
            self.group = group.to_vec();
            self.rank = 0;
        }
        self.rank = self.rank.max(piece.rank);
        let episode = self.held.get_or_insert_with(|| Episode {
            start: piece.first,
            actor: piece.actor.clone(),
            session: piece.session.clone(),
            since: piece.since.clone(),
            ..Episode::default()
        });
        word(self.rank).clone_into(&mut episode.proof);
        episode.end = episode.end.max(piece.last);
        episode.records += piece.records;
        for (list, text) in [
            (&mut episode.addresses, piece.address),
            (&mut episode.places, piece.place),
        ] {
            if !text.is_empty() && list.len() < NAMES && !list.contains(&text) {
                list.push(text);
            }
        }
        for (name, number) in piece.reads {
            count(&mut episode.reads, &mut episode.more_reads, name, number);
        }
        episode.more_reads += piece.more_reads;
        match piece.item {
            Some(item)
                if episode.items.len() < ITEMS
                    || !item.keys.is_empty() && episode.items.len() < 2 * ITEMS =>
            {
                episode.items.push(item);
            }
            Some(_) => episode.more_items += 1,
            None => {}
        }
        Ok(ended)
    }

    /// The last one.
    #[must_use]
    pub fn last(self) -> Option<Episode> {
        self.held
    }
}
