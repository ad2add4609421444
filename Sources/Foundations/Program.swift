import Commit

/// The program itself.
package enum Program {
  /// Its version, which `scripts/release` sets.
  package static let version = "0.1.0"

  /// The commit that it was built from, with `+modified` behind it where files had changed since; `nil` where the build
  /// could not tell, as in an unpacked archive.
  package static let commit: String? = commitName().isEmpty ? nil : commitName()

  /// The version, with the first digits of the commit where it is known: `0.1.0 (1f2e3d4c5b6a, modified)`.
  package static var fullVersion: String {
    guard let commit else { return version }
    return "\(version) (\(commit.prefix(12))\(commit.hasSuffix("+modified") ? ", modified" : ""))"
  }
}
