/// A node of the picture of a model on TensorBoard's page of graphs. Names with `/` make boxes that open.
package struct GraphNode: Sendable, Equatable {
  /// The node's name, by which others name it.
  package var name: String
  /// What it does.
  package var operation: String
  /// The names of the nodes that it takes.
  package var inputs: [String]
  /// The extents of what it gives; -1 for the samples.
  package var shape: [Int]
  /// What else there is to say.
  package var attributes: [(key: String, value: String)]

  /// Creates a node.
  package init(
    _ name: String, _ operation: String, inputs: [String] = [], shape: [Int],
    attributes: [(key: String, value: String)] = []
  ) {
    self.name = Self.valid(name)
    self.operation = operation
    self.inputs = inputs.map(Self.valid)
    self.shape = shape
    self.attributes = attributes
  }

  /// Whether all is the same.
  package static func == (left: GraphNode, right: GraphNode) -> Bool {
    left.name == right.name && left.operation == right.operation && left.inputs == right.inputs
      && left.shape == right.shape && left.attributes.elementsEqual(right.attributes, by: ==)
  }

  /// A name with nothing in it but what TensorFlow's may have: other characters mean ports and control edges there.
  private static func valid(_ name: String) -> String {
    String(
      name.map { character in
        character.isASCII && (character.isLetter || character.isNumber) || "_.-/".contains(character) ? character : "_"
      })
  }

  /// The message `GraphDef` of these nodes.
  static func definition(_ nodes: [GraphNode]) -> [UInt8] {
    var message = ProtobufMessage()
    for node in nodes { message.add(1, node.write) }
    // The version of the format, of which readers know what they can read.
    message.add(4) { $0.add(1, integer: 22) }
    return message.bytes
  }

  private func write(_ message: inout ProtobufMessage) {
    message.add(1, text: name)
    message.add(2, text: operation)
    for input in inputs { message.add(3, text: input) }
    // In the order of keys, so that the bytes are always the same; `_` comes before small letters.
    message.add(5) { entry in
      entry.add(1, text: "_output_shapes")
      entry.add(2) { value in
        value.add(1) { list in
          list.add(7) { shape in
            for extent in self.shape { shape.add(2) { $0.add(1, integer: extent) } }
          }
        }
      }
    }
    for (key, value) in attributes.sorted(by: { $0.key < $1.key }) {
      message.add(5) { entry in
        entry.add(1, text: key)
        entry.add(2) { $0.add(2, text: value, evenIfEmpty: true) }
      }
    }
  }
}
