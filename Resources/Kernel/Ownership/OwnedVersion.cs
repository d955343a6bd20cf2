using System.Text.Json;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>An object as one version of its kind shows it.</summary>
/// <param name="ApiVersion">For example <c>apps/v1</c>.</param>
/// <param name="Schema">What it looks like there.</param>
/// <param name="Json">The object; its managedFields do not count.</param>
public sealed record OwnedVersion(string ApiVersion, ObjectSchema Schema, ReadOnlyMemory<byte> Json)
{
    internal OwnedType Type => OwnedType.Of(Schema);

    /// <summary>The fields that the object has.</summary>
    internal FieldSet Fields()
    {
        using var document = Parse();
        return TypedFields.Of(document.RootElement, Type);
    }

    /// <summary>The object without some of its fields.</summary>
    internal OwnedVersion Without(FieldSet removed)
    {
        using var document = Parse();
        return this with { Json = TypedPruning.Without(document.RootElement, removed, Type) };
    }

    /// <summary>The object with a configuration applied to it.</summary>
    internal OwnedVersion Merge(JsonElement applied)
    {
        using var document = Parse();
        return this with { Json = TypedMerge.Of(document.RootElement, applied, Type) };
    }

    /// <summary>What changes with the next version; null when that can't be told.</summary>
    internal FieldChanges? ChangesTo(OwnedVersion next)
    {
        using var left = Parse();
        using var right = next.Parse();
        return FieldChanges.Between(left.RootElement, right.RootElement, Type);
    }

    internal bool IsEqualTo(OwnedVersion other)
    {
        using var left = Parse();
        using var right = other.Parse();
        return JsonElement.DeepEquals(left.RootElement, right.RootElement);
    }

    internal JsonDocument Parse() => TypedJson.Parse(Json);
}
