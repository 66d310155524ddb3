//! Lines for a terminal or a log: wrapped at spaces, coloured by meaning, and nothing raw in them.

use std::io::{self, Write};

use trailaudit_checks::finding::Severity;
use unicode_width::UnicodeWidthStr;

use crate::sanitize;
use crate::wording::Headline;

/// The longest piece of text that is shown whole: AWS knows no longer ARN.
const LONGEST: usize = 2_048;

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Strong,
    Faint,
    Severity(Severity),
    Headline(Headline),
}

impl Style {
    fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Strong => "1",
            Style::Faint | Style::Severity(Severity::Info) => "2",
            Style::Severity(Severity::Critical) => "1;35",
            Style::Severity(Severity::High) => "1;31",
            Style::Severity(Severity::Medium) => "33",
            Style::Severity(Severity::Low) => "36",
            Style::Headline(Headline::Pass) => "1;32",
            Style::Headline(Headline::Fail) => "1;31",
            Style::Headline(Headline::Undecided) => "1;33",
        }
    }
}

/// A piece of text with one meaning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'t>(pub(crate) Style, pub(crate) &'t str);

/// Text without any.
pub(crate) fn plain(text: &str) -> Span<'_> {
    Span(Style::Plain, text)
}

/// Where a line begins, and where those that continue it do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Margin(pub(crate) usize, pub(crate) usize);

/// The page that is being written.
pub(crate) struct Page<'o> {
    out: &'o mut dyn Write,
    width: usize,
    color: bool,
}

impl<'o> Page<'o> {
    pub(crate) fn new(out: &'o mut dyn Write, width: usize, color: bool) -> Self {
        // Narrower than this, every word would stand alone.
        let width = width.max(40);
        Self { out, width, color }
    }

    /// How many cells a line has.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// One line with columns: spaces within the spans stay, and what has no room is cut.
    pub(crate) fn columns(
        &mut self,
        margin: Margin,
        label: Span<'_>,
        body: &[Span<'_>],
    ) -> io::Result<()> {
        let mut line = self.line(margin, label)?;
        for span in body {
            line.cells(*span)?;
        }
        line.end()
    }

    /// An empty line and a heading.
    pub(crate) fn heading(&mut self, text: &str) -> io::Result<()> {
        self.blank()?;
        self.item(Margin(0, 2), Span(Style::Strong, text), &[])
    }

    pub(crate) fn blank(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A paragraph.
    pub(crate) fn text(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.item(Margin(indent, indent), plain(""), &[plain(text)])
    }

    /// A label, then the items with commas between them, however many there are.
    pub(crate) fn list(
        &mut self,
        margin: Margin,
        label: Span<'_>,
        items: &[String],
    ) -> io::Result<()> {
        let last = items.len().saturating_sub(1);
        let items = items.iter().enumerate();
        let words = items.map(|(at, item)| {
            if at < last {
                format!("{item},")
            } else {
                item.clone()
            }
        });
        let words: Vec<String> = words.collect();
        let spans: Vec<Span<'_>> = words.iter().map(|it| plain(it)).collect();
        self.item(margin, label, &spans)
    }

    /// A line that begins with a label, and goes on where the body stands.
    fn line(&mut self, Margin(indent, hang): Margin, label: Span<'_>) -> io::Result<Line<'_, 'o>> {
        let mut line = Line {
            page: self,
            hang,
            column: 0,
            spaces: indent,
            style: Style::Plain,
        };
        line.words(label)?;
        line.pad();
        Ok(line)
    }

    /// A label, then words that are wrapped beside it.
    pub(crate) fn item(
        &mut self,
        margin: Margin,
        label: Span<'_>,
        body: &[Span<'_>],
    ) -> io::Result<()> {
        let mut line = self.line(margin, label)?;
        for span in body {
            line.words(*span)?;
        }
        line.end()
    }
}

/// The line that is being written. Spaces wait until a word follows them.
struct Line<'p, 'o> {
    page: &'p mut Page<'o>,
    hang: usize,
    column: usize,
    spaces: usize,
    style: Style,
}

impl Line<'_, '_> {
    fn words(&mut self, Span(style, text): Span<'_>) -> io::Result<()> {
        let text = sanitize::short(text, LONGEST);
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let width = word.width();
            if self.column > 0 && self.column + self.spaces + width > self.page.width {
                self.dress(Style::Plain)?;
                writeln!(self.page.out)?;
                self.column = 0;
                self.spaces = self.hang;
            }
            // Underlines and the like must not run through the margin.
            if self.column == 0 || style != self.style {
                self.dress(Style::Plain)?;
            }
            write!(self.page.out, "{:1$}", "", self.spaces)?;
            self.dress(style)?;
            self.page.out.write_all(word.as_bytes())?;
            self.column += self.spaces + width;
            self.spaces = 1;
        }
        Ok(())
    }

    /// A text that is cut where the line ends, with the spaces at its end as far as another text follows them.
    fn cells(&mut self, Span(style, text): Span<'_>) -> io::Result<()> {
        let room = self.page.width.saturating_sub(self.column + self.spaces);
        let text = cut(&sanitize::short(text, LONGEST), room);
        let kept = text.trim_end_matches(' ');
        if !kept.is_empty() {
            self.dress(Style::Plain)?;
            write!(self.page.out, "{:1$}", "", self.spaces)?;
            self.dress(style)?;
            self.page.out.write_all(kept.as_bytes())?;
            self.column += self.spaces + kept.width();
            self.spaces = 0;
        }
        self.spaces += text.len() - kept.len();
        Ok(())
    }

    /// Up to the column where the body stands.
    fn pad(&mut self) {
        self.spaces = if self.column == 0 {
            self.hang
        } else {
            self.hang.saturating_sub(self.column).max(1)
        };
    }

    fn dress(&mut self, style: Style) -> io::Result<()> {
        if self.page.color && style != self.style {
            if self.style != Style::Plain {
                self.page.out.write_all(b"\x1b[0m")?;
            }
            if style != Style::Plain {
                write!(self.page.out, "\x1b[{}m", style.code())?;
            }
        }
        self.style = style;
        Ok(())
    }

    fn end(&mut self) -> io::Result<()> {
        self.dress(Style::Plain)?;
        writeln!(self.page.out)
    }
}

/// The text in so many cells.
fn cut(text: &str, room: usize) -> String {
    if text.width() <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for letter in text.chars() {
        kept.push(letter);
        if kept.width() + 2 > room {
            kept.pop();
            break;
        }
    }
    format!("{}..", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_its_cells() {
        assert_eq!(cut("payments", 8), "payments");
        assert_eq!(cut("payments-audit", 8), "paymen..");
        assert_eq!(cut("payments audit", 11), "payments..");
        assert!(cut(&"大".repeat(9), 9).width() <= 9);
    }

    fn page(color: bool, draw: impl Fn(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        draw(&mut Page::new(&mut out, 40, color)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wraps_at_spaces_beside_the_label() {
        let told = page(false, |page| {
            let words = plain("one two three four five six seven eight");
            page.item(Margin(2, 8), plain("-"), &[words])
        });
        assert_eq!(
            told,
            "  -     one two three four five six\n        seven eight\n"
        );
    }

    #[test]
    fn a_long_word_gets_its_own_line_and_stays_whole() {
        let long = "x".repeat(60);
        let told = page(false, |page| page.text(2, &format!("see {long} there")));
        assert_eq!(told, format!("  see\n  {long}\n  there\n"));
    }

    #[test]
    fn wide_characters_count_twice() {
        let told = page(false, |page| {
            page.text(0, &format!("{} {}", "大".repeat(15), "小".repeat(6)))
        });
        assert_eq!(told.lines().count(), 2);
    }

    #[test]
    fn colours_end_with_their_words() {
        let told = page(true, |page| {
            page.item(Margin(0, 2), Span(Style::Strong, "a b"), &[plain("c")])
        });
        assert_eq!(told, "\x1b[1ma b\x1b[0m c\n");
    }
}
