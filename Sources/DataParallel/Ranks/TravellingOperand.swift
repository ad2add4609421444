/// An operand of a product over samples, of one shard, which travels in place of the product's partial sums.
package struct TravellingOperand {
  /// The shard.
  package let shard: Int
  /// The number of the product.
  package let product: Int
  /// Its bytes, in the memory of whoever computes it and of those that need it.
  package let bytes: UnsafeMutableRawBufferPointer
  /// Whose rank computes it.
  package let sender: Int
  /// The ranks that need it.
  package let receivers: [Int]
  /// A number of its own among all operands of a batch, from 0.
  package let number: Int

  /// Creates the value.
  package init(
    shard: Int, product: Int, bytes: UnsafeMutableRawBufferPointer, sender: Int, receivers: [Int], number: Int
  ) {
    self.shard = shard
    self.product = product
    self.bytes = bytes
    self.sender = sender
    self.receivers = receivers
    self.number = number
  }
}
