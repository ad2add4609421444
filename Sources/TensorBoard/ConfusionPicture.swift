/// The picture of a confusion matrix: a row for each class, a column for each prediction, the darker the larger the
/// share of the class. Up to 20 classes have their counts and their numbers written in.
package struct ConfusionPicture {
  private static let ink = Picture.Color(20, 20, 20)
  private static let paper = Picture.Color(255, 255, 255)
  private static let frame = Picture.Color(150, 150, 150)
  /// Space for the numbers of classes.
  private static let margin = 24
  private static let mostWithNumbers = 20

  /// The picture.
  package private(set) var picture: Picture

  /// Draws the counts.
  ///
  /// - Parameters:
  ///   - counts: How often each class was predicted as each, in row-major order; where samples have weights, their sums.
  ///   - classes: How many classes there are.
  package init(_ counts: [Double], classes: Int) {
    let hasNumbers = classes <= Self.mostWithNumbers
    let widest = hasNumbers ? counts.map { Digits.width(of: Self.text($0)) }.max() ?? 0 : 0
    let cell = hasNumbers ? max(28, widest + 8) : max(4, 400 / classes)
    let size = Self.margin + classes * cell + 1
    picture = Picture(width: size, height: size)
    for actual in 0..<classes {
      let row = counts[actual * classes..<(actual + 1) * classes]
      let total = row.reduce(0, +)
      let y = Self.margin + actual * cell
      if hasNumbers {
        label(String(actual), x: 0..<Self.margin, y: y..<y + cell, Self.ink)
        label(String(actual), x: y..<y + cell, y: 0..<Self.margin, Self.ink)
      }
      for (predicted, count) in row.enumerated() {
        let x = Self.margin + predicted * cell
        let share = total > 0 && count.isFinite ? min(1, max(0, count / total)) : 0
        picture.fill(x: x..<x + cell + 1, y: y..<y + cell + 1, Self.frame)
        picture.fill(x: x + 1..<x + cell, y: y + 1..<y + cell, Self.color(share))
        if hasNumbers {
          label(Self.text(count), x: x..<x + cell, y: y..<y + cell, share > 0.5 ? Self.paper : Self.ink)
        }
      }
    }
  }

  /// White for none of a class, dark blue for all of it.
  private static func color(_ share: Double) -> Picture.Color {
    func mixed(_ low: Double, _ high: Double) -> UInt8 { UInt8((low + (high - low) * share).rounded()) }
    return Picture.Color(mixed(255, 8), mixed(255, 48), mixed(255, 107))
  }

  /// A count without decimals; sums of weights have one.
  private static func text(_ count: Double) -> String {
    guard count.isFinite, abs(count) < 1e9 else { return "-" }
    let tenths = Int((count * 10).rounded())
    return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(tenths % 10)"
  }

  private mutating func label(_ text: String, x: Range<Int>, y: Range<Int>, _ color: Picture.Color) {
    let left = x.lowerBound + (x.count - Digits.width(of: text)) / 2 + 1
    Digits.draw(text, x: left, y: y.lowerBound + (y.count - Digits.height) / 2 + 1, in: &picture, color)
  }
}

/// Digits of 5 by 7 pixels: all that a picture of counts has to say.
private enum Digits {
  static let height = 7
  private static let glyphs: [Character: [UInt8]] = [
    "0": [14, 17, 19, 21, 25, 17, 14], "1": [4, 12, 4, 4, 4, 4, 14], "2": [14, 17, 1, 2, 4, 8, 31],
    "3": [31, 2, 4, 2, 1, 17, 14], "4": [2, 6, 10, 18, 31, 2, 2], "5": [31, 16, 30, 1, 1, 17, 14],
    "6": [6, 8, 16, 30, 17, 17, 14], "7": [31, 1, 2, 4, 8, 8, 8], "8": [14, 17, 17, 14, 17, 17, 14],
    "9": [14, 17, 17, 15, 1, 2, 12], ".": [0, 0, 0, 0, 0, 12, 12], "-": [0, 0, 0, 31, 0, 0, 0],
  ]

  static func width(of text: String) -> Int { max(0, 6 * text.count - 1) }

  static func draw(_ text: String, x: Int, y: Int, in picture: inout Picture, _ color: Picture.Color) {
    for (index, character) in text.enumerated() {
      for (line, bits) in (glyphs[character] ?? []).enumerated() {
        for column in 0..<5 where bits & (16 >> column) != 0 {
          let left = x + 6 * index + column
          picture.fill(x: left..<left + 1, y: y + line..<y + line + 1, color)
        }
      }
    }
  }
}
