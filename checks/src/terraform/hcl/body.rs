//! Blocks and their attributes.

use std::collections::BTreeMap;

use super::{Broken, Expr, Parser};

/// What stands between braces, or in a file.
#[derive(Debug, Clone, Default)]
pub(in crate::terraform) struct Body {
    pub(in crate::terraform) attributes: BTreeMap<String, Expr>,
    pub(in crate::terraform) blocks: Vec<Block>,
}

/// A block.
#[derive(Debug, Clone)]
pub(in crate::terraform) struct Block {
    pub(in crate::terraform) kind: String,
    pub(in crate::terraform) labels: Vec<String>,
    pub(in crate::terraform) body: Body,
}

impl Body {
    /// Reads a file.
    pub(in crate::terraform) fn read(text: &str) -> Result<Self, Broken> {
        let mut parser = Parser::new(text);
        let body = parser.body()?;
        match parser.peek() {
            None => Ok(body),
            Some(_) => Err(Broken),
        }
    }

    /// The blocks of this kind and these labels.
    pub(in crate::terraform) fn find<'a>(
        &'a self,
        kind: &'a str,
        labels: &'a [&'a str],
    ) -> impl Iterator<Item = &'a Block> {
        let all = self.blocks.iter();
        all.filter(move |it| it.kind == kind && it.labels == labels)
    }
}

impl Parser {
    /// Up to a closing brace, or the end.
    fn body(&mut self) -> Result<Body, Broken> {
        let mut body = Body::default();
        loop {
            self.space(true);
            if matches!(self.peek(), None | Some('}')) {
                return Ok(body);
            }
            let name = self.name()?;
            self.space(false);
            if self.peek() == Some('=') && self.ahead(1) != Some('=') {
                self.bump();
                self.space(false);
                let value = self.inside(false, Self::expression)?;
                if body.attributes.insert(name, value).is_some() {
                    return Err(Broken);
                }
                self.space(false);
                if !matches!(self.peek(), None | Some('\n' | '}')) {
                    return Err(Broken);
                }
                continue;
            }
            let mut labels = Vec::new();
            while self.peek() != Some('{') {
                labels.push(match self.peek() {
                    Some('"') => self.label()?,
                    _ => self.name()?,
                });
                self.space(false);
            }
            self.expect("{")?;
            let inner = self.inside(false, Self::body)?;
            self.expect("}")?;
            body.blocks.push(Block {
                kind: name,
                labels,
                body: inner,
            });
        }
    }

    fn label(&mut self) -> Result<String, Broken> {
        self.expect("\"")?;
        let mut label = String::new();
        loop {
            match self.bump() {
                Some('"') => return Ok(label),
                None | Some('\\' | '\n') => return Err(Broken),
                Some(letter) => label.push(letter),
            }
        }
    }
}
