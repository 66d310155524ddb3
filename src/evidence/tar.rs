//! The archive: tar with nothing of the machine or the time in it, so that the same files give the same bytes.
//! Only what this writer writes is read back.

use std::io::{self, Read, Write};

use anyhow::{Context as _, bail};

const BLOCK: usize = 512;
/// Every file lies in this folder.
const FOLDER: &str = "evidence/";

/// Adds a file.
pub fn put(out: &mut dyn Write, path: &str, size: u64, mut file: impl Read) -> anyhow::Result<()> {
    out.write_all(&header(path, size)?)?;
    let copied = io::copy(&mut file, out)?;
    if copied != size {
        bail!("{path} has changed while it was read");
    }
    let rest = size.next_multiple_of(BLOCK as u64) - size;
    io::copy(&mut io::repeat(0).take(rest), out)?;
    Ok(())
}

/// Ends the archive.
pub fn end(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(&[0; 2 * BLOCK])
}

fn header(path: &str, size: u64) -> anyhow::Result<[u8; BLOCK]> {
    let mut block = [0; BLOCK];
    let mut field = |at: usize, text: &str| -> anyhow::Result<()> {
        let place = block.get_mut(at..at + text.len());
        place
            .context("a name is too long for tar")?
            .copy_from_slice(text.as_bytes());
        Ok(())
    };
    let name = format!("{FOLDER}{path}");
    if name.len() > 100 || size >= 8 << 30 {
        bail!("{path} is too large or its name too long for tar");
    }
    field(0, &name)?;
    field(100, "0000600\0")?;
    field(108, "0000000\0")?;
    field(116, "0000000\0")?;
    field(124, &format!("{size:011o}\0"))?;
    field(136, "00000000000\0")?;
    field(148, "        ")?;
    field(156, "0")?;
    field(257, "ustar\x0000")?;
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    if let Some(place) = block.get_mut(148..156) {
        place.copy_from_slice(sum.as_bytes());
    }
    Ok(block)
}

/// Hands over each file with its path, its size, and its bytes, which must be read to their end.
pub fn each(
    mut archive: impl Read,
    mut f: impl FnMut(&str, u64, &mut dyn Read) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut block = [0; BLOCK];
    loop {
        archive
            .read_exact(&mut block)
            .context("the archive is cut off")?;
        if block == [0; BLOCK] {
            break;
        }
        let (path, size) = entry(&block)?;
        let mut bytes = archive.by_ref().take(size);
        f(&path, size, &mut bytes)?;
        if bytes.limit() > 0 {
            bail!("the archive is cut off in {path}");
        }
        let rest = usize::try_from(size.next_multiple_of(BLOCK as u64) - size)?;
        let mut padding = vec![0; rest];
        archive
            .read_exact(&mut padding)
            .context("the archive is cut off")?;
        if padding.iter().any(|byte| *byte != 0) {
            bail!("there are bytes behind {path} that belong to no file");
        }
    }
    archive
        .read_exact(&mut block)
        .context("the archive is cut off")?;
    if block != [0; BLOCK] || archive.read(&mut [0])? > 0 {
        bail!("there are bytes behind the end of the archive");
    }
    Ok(())
}

/// The path and size of an entry. A link, a folder, a device: not ours.
fn entry(block: &[u8; BLOCK]) -> anyhow::Result<(String, u64)> {
    let text = |at: usize, length: usize| {
        let field = block.get(at..at + length).unwrap_or_default();
        let field = field.split(|byte| *byte == 0).next().unwrap_or_default();
        std::str::from_utf8(field).unwrap_or_default().to_owned()
    };
    let name = text(0, 100);
    let Some(path) = name.strip_prefix(FOLDER) else {
        bail!("the archive holds {name:?}, which is not in {FOLDER}");
    };
    let size = u64::from_str_radix(&text(124, 12), 8)
        .with_context(|| format!("the archive holds {name:?} without a size"))?;
    if header(path, size)? != *block {
        bail!("the archive holds {name:?} as something else than a plain file of ours");
    }
    Ok((path.to_owned(), size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn archive() -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, "a.txt", 3, &b"abc"[..]).unwrap();
        put(&mut bytes, "b/c", 0, &b""[..]).unwrap();
        put(&mut bytes, "b/d", 512, &[1; 512][..]).unwrap();
        end(&mut bytes).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> anyhow::Result<Vec<(String, Vec<u8>)>> {
        let mut files = Vec::new();
        each(bytes, |path, _, file| {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            files.push((path.to_owned(), bytes));
            Ok(())
        })?;
        Ok(files)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let files = read(&archive()).unwrap();
        assert_eq!(files[0], ("a.txt".to_owned(), b"abc".to_vec()));
        assert_eq!(files[1], ("b/c".to_owned(), Vec::new()));
        assert_eq!(files[2].1.len(), 512);
    }

    #[test]
    fn any_other_byte_outside_the_files_is_refused() {
        let good = archive();
        let content = 512..515;
        let last = 3 * 512 + 512..4 * 512 + 512;
        for at in (0..good.len()).filter(|at| !content.contains(at) && !last.contains(at)) {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(
                read(&bad).is_err() || read(&bad).unwrap() != read(&good).unwrap(),
                "byte {at}"
            );
        }
        for length in 0..good.len() {
            read(&good[..length]).unwrap_err();
        }
        read(&[good, vec![0]].concat()).unwrap_err();
    }
}
