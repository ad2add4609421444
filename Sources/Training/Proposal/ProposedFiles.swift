import Datasets
import Foundations
import YAML

/// Looks at a data file and writes a config that trains on it as it is, with a page that explains it; a table is made a
/// dataset file first.
package struct ProposedFiles {
  /// What was found, for people.
  package struct Findings: Sendable {
    /// What the samples are like.
    package let profile: DataProfile
    /// Where they are.
    package let layout: LayoutProposal
    /// How a table was read; `nil` for HDF5.
    package let table: AutomaticImport.Result?
    /// The config and its reasons.
    package let config: ConfigProposal

    /// What could not be told: one sentence each, without a full stop.
    package var doubts: [String] { (table?.doubts ?? []) + layout.doubts + profile.doubts + config.doubts }
  }

  /// The data file.
  private let data: String
  /// The target: a column of a table, a dataset of an HDF5 file; `nil` to find it.
  private let target: String?
  /// The config that is written.
  private let config: OutputFile
  /// The page that explains it.
  private let page: OutputFile
  /// The dataset file that is made of a table.
  private let dataset: OutputFile
  /// The page's text.
  private let explanation: (Findings) -> String

  /// Creates the value; nothing is looked at yet.
  package init(
    data: String, target: String?, config: OutputFile, page: OutputFile, dataset: OutputFile,
    explanation: @escaping (Findings) -> String
  ) {
    self.explanation = explanation
    (self.data, self.target, self.config, self.page, self.dataset) = (data, target, config, page, dataset)
  }

  /// Looks at an HDF5 file, and writes config and page.
  ///
  /// - Throws: `TrainerError` with code `.data`, and the reason, for a file that cannot be trained on; `.usage` where a file
  ///   cannot be written. Then nothing is written.
  package func writeForHDF5() throws -> Findings {
    let layout: LayoutProposal
    switch try LayoutRecognition(path: data, target: target) {
    case .unusable(let sentence, let remedy): throw TrainerError(.data, "\(data): \(sentence)", remedy: remedy)
    case .usable(let proposal): layout = proposal
    }
    let findings = try look(at: data, called: data, layout, table: nil)
    try write(findings)
    return findings
  }

  /// Imports a table, or arrays of another format, and writes dataset file, config and page.
  ///
  /// - Parameter samples: What the file holds.
  /// - Throws: As ``writeForHDF5()``.
  package func write(importing samples: AutomaticImport.Samples) throws -> Findings {
    let table = samples.found
    guard table.classes?.count != 1 else {
      throw TrainerError(
        .data,
        "\(data): all samples are of one class, '\((table.classes?[0] ?? "").onOneLine)', from which nothing can be "
          + "learned; is another column meant as target?")
    }
    let isNew = try SystemFileSystem().status(of: dataset.path) == nil
    var found: Findings?
    try OutputFile.explaining {
      try dataset.write { temporary in
        try samples.write(to: temporary)
      } verify: { temporary in
        found = try look(
          at: temporary, called: dataset.path, LayoutProposal(layout: "it was imported from \(fileName(of: data))"),
          table: table)
      }
    }
    guard let found else { throw TrainerError(.data, "\(data): nothing was read") }
    do {
      try write(found)
    } catch {
      // Without its config, the dataset is none that was asked for.
      if isNew { do { try SystemFileSystem().remove(dataset.path) } catch _ {} }
      throw error
    }
    return found
  }

  // MARK: Looking

  /// Looks at samples, and tries whether the config that is proposed can begin to train on them.
  ///
  /// - Parameter name: The path that the file will have.
  private func look(
    at path: String, called name: String, _ layout: LayoutProposal, table: AutomaticImport.Result?
  ) throws -> Findings {
    do {
      let settings = DataSettings(
        path: path, externalFiles: layout.externalFiles, inputs: layout.inputs, places: layout.places,
        targets: layout.targets)
      let profile = try DataProfile(
        settings.reader(nil), inputs: layout.inputs, targets: layout.targets, mayMissValues: layout.mayMissValues,
        decision: table?.decision ?? .open, called: table?.target.map { "the target \($0)" })
      var trial = ConfigProposal(profile, layout: layout, path: absolutePath(path, relativeTo: ".")).json
      // Nothing is kept of a run without a directory.
      trial["checkpoints"] = nil
      try TrainabilityCheck().require(RunConfiguration(json: JSONValue.object(trial).compactText))
      let proposal = ConfigProposal(profile, layout: layout, path: Self.relative(name, to: directory(of: config.path)))
      return Findings(profile: profile, layout: layout, table: table, config: proposal)
    } catch let error as TrainerError where error.remedy?.name == "split" {
      throw TrainerError(
        .data,
        "\(data): too few samples to divide them into what is trained on and what is tested; 10 are enough, of classes 10 of "
          + "each")
    } catch let error as TrainerError where path != name {
      // The dataset file is not written then, so the file that it comes from is named.
      throw TrainerError(
        error.code, error.fault.replacing(absolutePath(path, relativeTo: "."), with: data).replacing(path, with: data),
        remedy: error.remedy, excerpt: error.excerpt)
    }
  }

  /// A path as a config in a directory names it: relative where it is below, or beside, that directory.
  static func relative(_ path: String, to directory: String) -> String {
    guard !path.hasPrefix("/") else { return path }
    let file = absolutePath(path, relativeTo: ".").split(separator: "/")
    let base = absolutePath(directory, relativeTo: ".").split(separator: "/")
    let common = zip(file, base).prefix { $0 == $1 }.count
    return (Array(repeating: "..", count: base.count - common) + file[common...].map(String.init)).joined(
      separator: "/")
  }

  // MARK: Writing

  private func write(_ findings: Findings) throws {
    let text = explanation(findings)
    let json = JSONValue.object(findings.config.json)
    let configText = YAMLDocument.isYAML(config.path) ? try json.yamlText : json.prettyText + "\n"
    try OutputFile.explaining {
      let isNew = try SystemFileSystem().status(of: page.path) == nil
      try page.write(Array(text.utf8))
      do {
        try config.write(Array(configText.utf8))
      } catch {
        if isNew { do { try SystemFileSystem().remove(page.path) } catch _ {} }
        throw error
      }
    }
  }
}
