import Foundations
import HDF5

/// Where the samples of a dataset file seem to be, by its names, shapes and attributes.
package struct LayoutProposal: Sendable {
  /// What the layout is, such as `the trainer's own groups 'train' and 'test'`.
  package var layout: String
  /// Where the samples are, as `data` of a config says it.
  package var places = DataPlaces()
  /// The name of the inputs in each group.
  package var inputs = "inputs"
  /// That of the targets.
  package var targets = "targets"
  /// Whether contents in other files have to be read.
  package var externalFiles: ExternalFiles = .refused
  /// What it was taken by: one sentence each, without a full stop.
  package var reasons: [String] = []
  /// What could not be told, and what to change if it was guessed wrong.
  package var doubts: [String] = []
  /// What else is in the file and is not used.
  package var unused: [String] = []
  /// Whether a value of the inputs may stand for a missing one.
  package var mayMissValues = false

  /// Creates a proposal for the trainer's own layout.
  package init(layout: String) { self.layout = layout }

  /// The keys of a config's `data`, without `path`, that say so; empty for what is the default.
  package var settings: JSONObject {
    let own = places.json
    return JSONObject([
      ("externalFiles", externalFiles == .allowed ? .boolean(true) : nil),
      ("groups", own["groups"]),
      (
        "inputs",
        places.joinedInputs.map { .array($0.map(JSONValue.string)) } ?? (inputs == "inputs" ? nil : .string(inputs))
      ),
      ("targets", targets == "targets" ? nil : .string(targets)), ("rowAxis", own["rowAxis"]),
      ("layout", own["layout"]), ("labels", own["labels"]),
    ])
  }

  /// The same as text for a message, such as `"inputs": "data", "targets": "target"`; empty for the trainer's own layout.
  package var settingsText: String {
    settings.members.map { "\"\($0.key)\": \($0.value.compactText)" }.joined(separator: ", ")
  }
}

/// What a look at an HDF5 file says about training on it.
package enum LayoutRecognition: Sendable {
  /// Samples seem to be there.
  case usable(LayoutProposal)
  /// It holds no samples that are recognised, and why: a sentence without the file's name; and what to do about it, where it
  /// is to name the target.
  case unusable(String, remedy: TrainerError.Remedy? = nil)
}
