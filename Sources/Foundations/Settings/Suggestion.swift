/// The candidate that is most like a misspelt word, or `nil` if none is like it.
///
/// Words are compared without regard to case by the optimal string alignment distance: the fewest insertions,
/// deletions, replacements and exchanges of neighbours (Damerau 1964). A third of the longer word may differ; a word
/// that begins with the other is like it too. Of equal candidates the first is chosen.
package func suggestion(for word: String, among candidates: [String]) -> String? {
  let folded = Array(word.lowercased())
  let scored = candidates.map { candidate -> (candidate: String, distance: Int, isLike: Bool) in
    let other = Array(candidate.lowercased())
    let distance = editDistance(folded, other)
    let shorter = min(folded.count, other.count)
    let isBeginning = shorter >= 3 && folded.prefix(shorter) == other.prefix(shorter)
    return (candidate, distance, 3 * distance <= max(folded.count, other.count, 3) || isBeginning)
  }
  return scored.filter(\.isLike).min { $0.distance < $1.distance }?.candidate
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
  var beforePrevious: [Int] = []
  var previous = Array(0...right.count)
  for i in left.indices {
    var row = [i + 1]
    for j in right.indices {
      var cost = min(previous[j + 1] + 1, row[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, beforePrevious[j - 1] + 1) }
      row.append(cost)
    }
    (beforePrevious, previous) = (previous, row)
  }
  return previous[right.count]
}
