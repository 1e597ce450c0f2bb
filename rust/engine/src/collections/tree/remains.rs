//! What is left of a tree that is no longer needed.

use std::sync::Arc;

use super::{Digest, Node, Tree};
use crate::remains::{Pile, Remains};

/// Leaves that are dropped together.
const LEAVES: usize = 4;

/// The nodes of a tree, as far as they are known: those below a node are found once it is.
struct Nodes<D, K, V>(Vec<Arc<Node<D, K, V>>>);

impl<D, K, V> Remains for Nodes<D, K, V>
where
    D: Digest + Send + Sync + 'static,
    K: Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    fn take(&mut self) -> Option<(Box<dyn Send>, usize)> {
        let (mut leaves, mut parents, mut len) = (Vec::with_capacity(LEAVES), Vec::new(), 0);
        while leaves.len() < LEAVES
            && let Some(node) = self.0.pop()
        {
            if matches!(*node, Node::Leaf(_)) {
                len += node.len();
                leaves.push(node);
            } else {
                self.open(node, &mut parents, &mut len);
            }
        }
        let is_all = leaves.is_empty() && parents.is_empty();
        (!is_all).then(|| (Box::new((leaves, parents)) as Box<dyn Send>, len))
    }
}

impl<D, K, V> Nodes<D, K, V> {
    /// Takes the nodes below one, unless it is shared: then somebody else will.
    fn open(
        &mut self,
        node: Arc<Node<D, K, V>>,
        parents: &mut Vec<Node<D, K, V>>,
        len: &mut usize,
    ) {
        let below = node.len();
        let Some(mut node) = Arc::into_inner(node) else { return *len += below };
        if let Node::Inner(inner) = &mut node {
            self.0.append(&mut inner.nodes);
        }
        parents.push(node);
    }
}

impl<D, K, V> Tree<D, K, V>
where
    D: Digest + Send + Sync + 'static,
    K: Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// What nobody shares, unless it is a single leaf; its keys and values take `heap` bytes.
    pub(crate) fn pile(self, heap: u64) -> Option<Pile> {
        let (len, bytes) = (self.len, self.weight + heap);
        match Arc::into_inner(self.root)? {
            Node::Leaf(_) => None,
            Node::Inner(inner) => Some(Pile::new(Nodes(inner.nodes), len, bytes)),
        }
    }
}
