import Autodiff
import Foundations

/// Windows: channels are last here and second in ONNX, so that arrays are transposed in front of such operators and behind
/// them. Two transpositions that meet are left out.
extension ONNXTranslation {
  /// [samples, axes, channels] as [samples, channels, axes].
  private func channelsSecond(_ rank: Int) -> [Int] { [0, rank - 1] + (1..<rank - 1) }
  /// [samples, channels, axes] as [samples, axes, channels].
  private func channelsLast(_ rank: Int) -> [Int] { [0] + (2..<rank) + [1] }

  /// Filters [size, inputs / groups, outputs] as [outputs, inputs / groups, size], which both of ONNX's convolutions take.
  private mutating func filters(_ value: ONNXValue, _ rank: Int) -> ONNXValue {
    graph.transpose(value, [rank - 1, rank - 2] + (0..<rank - 2))
  }

  private func attributes(_ geometry: WindowGeometry, groups: Int) -> [ONNXAttribute] {
    [
      ONNXAttribute("kernel_shape", .integers(geometry.size)), ONNXAttribute("strides", .integers(geometry.stride)),
      ONNXAttribute("dilations", .integers(geometry.dilation)),
      ONNXAttribute("pads", .integers(geometry.before + geometry.after)), ONNXAttribute("group", .integer(groups)),
    ]
  }

  mutating func convolution(
    _ node: Node, _ inputs: [ONNXValue], _ geometry: WindowGeometry, _ groups: Int
  ) throws -> ONNXValue {
    let rank = node.shape.count
    let x = graph.transpose(inputs[0], channelsSecond(rank))
    let weight = filters(inputs[1], rank)
    return graph.transpose(
      graph.singleNode("Conv", [x, weight], attributes(geometry, groups: groups)), channelsLast(rank))
  }

  mutating func transposedConvolution(
    _ node: Node, _ inputs: [ONNXValue], _ geometry: WindowGeometry, _ groups: Int
  ) throws -> ONNXValue {
    let rank = node.shape.count
    // Elements behind the last window are those that its stride leaves over.
    let rest = geometry.size.indices.map { axis in
      let reach = (geometry.size[axis] - 1) * geometry.dilation[axis] + 1
      return (node.shape[axis + 1] + geometry.before[axis] + geometry.after[axis] - reach) % geometry.stride[axis]
    }
    let x = graph.transpose(inputs[0], channelsSecond(rank))
    let weight = filters(inputs[1], rank)
    return graph.transpose(
      graph.singleNode(
        "ConvTranspose", [x, weight],
        attributes(geometry, groups: groups) + [ONNXAttribute("output_padding", .integers(rest))]),
      channelsLast(rank))
  }

  mutating func pool(
    _ node: Node, _ x: ONNXValue, _ geometry: WindowGeometry, takesLargest: Bool
  ) throws -> ONNXValue {
    let (shape, rank) = (node.inputs[0].shape, node.shape.count)
    let isPadded = (geometry.before + geometry.after).contains { $0 != 0 }
    // One window over everything needs no transposition.
    if !isPadded, geometry.size == Array(shape[1..<rank - 1]), geometry.dilation.allSatisfy({ $0 == 1 }) {
      return graph.node(
        takesLargest ? "ReduceMax" : "ReduceMean", [x],
        [ONNXAttribute("axes", .integers(Array(1..<rank - 1))), ONNXAttribute("keepdims", .integer(1))])
    }
    guard takesLargest || geometry.dilation.allSatisfy({ $0 == 1 }) else {
      throw unfit(node, "takes means of windows with gaps, which ONNX has since opset 19")
    }
    var attributes = [
      ONNXAttribute("kernel_shape", .integers(geometry.size)), ONNXAttribute("strides", .integers(geometry.stride)),
      ONNXAttribute("pads", .integers(geometry.before + geometry.after)),
    ]
    let turned = graph.transpose(x, channelsSecond(rank))
    let pooled: ONNXValue
    if takesLargest {
      attributes.append(ONNXAttribute("dilations", .integers(geometry.dilation)))
      pooled = graph.node("MaxPool", [turned], attributes)
    } else {
      attributes.append(ONNXAttribute("count_include_pad", .integer(0)))
      pooled = graph.singleNode("AveragePool", [turned], attributes)
    }
    return graph.transpose(pooled, channelsLast(rank))
  }
}
