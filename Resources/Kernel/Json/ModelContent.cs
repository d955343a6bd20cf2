using OrleansOrchestrator.Resources.Kernel.Ownership;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>A model as owners of fields compare it: field by field, without writing it.</summary>
internal sealed class ModelContent(object item) : IOwnedContent
{
    private object Item => item;

    public ReadOnlyMemory<byte> Encode() => ModelWriter.Encode(item);

    public FieldChanges? ChangesTo(IOwnedContent next) =>
        next is ModelContent other && other.Item.GetType() == item.GetType()
            ? CodecTable.Model(item.GetType()).ChangesBetween(item, other.Item)
            : null;
}
