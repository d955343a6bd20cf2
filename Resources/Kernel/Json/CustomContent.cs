using System.Text.Json;
using System.Text.Json.Nodes;
using k8s.Models;
using OrleansOrchestrator.Resources.Kernel.Ownership;
using OrleansOrchestrator.Resources.Kernel.Schema;

namespace OrleansOrchestrator.Resources.Kernel.Json;

/// <summary>
/// A custom object as owners of fields compare it: field by field, without writing it. What only JSON can tell apart,
/// the elements of sets and keyed lists, is written alone.
/// </summary>
internal sealed class CustomContent(CustomObject item, ObjectSchema schema) : IOwnedContent
{
    private CustomObject Item => item;

    public ReadOnlyMemory<byte> Encode() => ModelWriter.Encode(item);

    public FieldChanges? ChangesTo(IOwnedContent next)
    {
        if (next is not CustomContent { Item: var after })
        {
            return null;
        }

        var (walk, type) = (FieldWalk.Rent(), OwnedType.Of(schema).Map!);
        CompareAt(Field(type, "apiVersion"), Text(item.ApiVersion), Text(after.ApiVersion), walk);
        CompareAt(Field(type, "kind"), Text(item.Kind), Text(after.Kind), walk);
        CompareMetadata(Field(type, "metadata"), item.Metadata, after.Metadata, walk);
        CompareMaps(item.Body, after.Body, type, walk);
        return walk.Return();
    }

    /// <summary>A value that one of the versions may have; JSON's null is one, too.</summary>
    private readonly record struct Part(bool IsThere, JsonNode? Node)
    {
        public static Part Of(JsonObject? map, string name) =>
            map is not null && map.TryGetPropertyValue(name, out var node) ? new Part(true, node) : default;

        public bool IsEmptyMap => Node is not JsonObject { Count: > 0 };

        public bool IsEmptyList => Node is not JsonArray { Count: > 0 };

        public JsonElement Element => !IsThere ? default
            : Node is null ? TypedJson.Null
            : JsonTree.ParseElement(JsonTree.ToBytes(Node).Span);

        public OwnedKind KindIn(OwnedType type) => type.KindOf(Node?.GetValueKind() ?? JsonValueKind.Null);
    }

    private static OwnedField Field(OwnedMap type, string name) => type.Find(name)!;

    private static Part Text(string? text) =>
        string.IsNullOrEmpty(text) ? default : new Part(true, JsonValue.Create(text));

    private static void CompareMetadata(OwnedField field, V1ObjectMeta left, V1ObjectMeta right, FieldWalk walk)
    {
        walk.Enter(field.Element, isInLeft: true, isInRight: true);
        CustomObjectModel.Metadata.Compare(Side<V1ObjectMeta>.Of(left), Side<V1ObjectMeta>.Of(right), field.Type, walk);
        walk.Leave(isInLeft: true, isInRight: true);
    }

    private static void CompareAt(OwnedField field, Part left, Part right, FieldWalk walk) =>
        CompareAt(field.Element, left, right, field.Type, walk);

    private static void CompareAt(PathElement element, Part left, Part right, OwnedType type, FieldWalk walk)
    {
        walk.Enter(element, left.IsThere, right.IsThere);
        Compare(left, right, type, walk);
        walk.Leave(left.IsThere, right.IsThere);
    }

    /// <summary>As <see cref="FieldWalk.Compare"/> does it.</summary>
    private static void Compare(Part left, Part right, OwnedType type, FieldWalk walk)
    {
        if (!left.IsThere && !right.IsThere)
        {
            return;
        }

        var kind = right.IsThere ? right.KindIn(type) : left.KindIn(type);
        var isAnother = left.IsThere && left.KindIn(type) != kind;
        var isList = kind == OwnedKind.List && !type.List!.IsAtomic && !(left.IsEmptyList && right.IsEmptyList);
        if (isAnother || isList)
        {
            walk.Compare(left.Element, right.Element, type);
        }
        else if (kind == OwnedKind.Map && !type.Map!.IsAtomic && !(left.IsEmptyMap && right.IsEmptyMap))
        {
            CompareMaps(left.Node as JsonObject, right.Node as JsonObject, type.Map, walk);
            walk.Note(left.IsThere, right.IsThere);
        }
        else if (!left.IsThere || !right.IsThere)
        {
            walk.Note(left.IsThere, right.IsThere);
        }
        else if (!JsonNode.DeepEquals(left.Node, right.Node))
        {
            walk.NoteModified();
        }
    }

    private static void CompareMaps(JsonObject? left, JsonObject? right, OwnedMap type, FieldWalk walk)
    {
        for (var i = 0; i < left?.Count; i++)
        {
            var (name, value) = left.GetAt(i);
            CompareField(name, new Part(true, value), Part.Of(right, name), type, walk);
        }

        for (var i = 0; i < right?.Count; i++)
        {
            var (name, value) = right.GetAt(i);
            if (left?.ContainsKey(name) != true)
            {
                CompareField(name, default, new Part(true, value), type, walk);
            }
        }
    }

    private static void CompareField(string name, Part left, Part right, OwnedMap type, FieldWalk walk)
    {
        var field = type.Find(name);
        if ((field?.Type ?? type.Elements) is { } child && field is not { IsSkipped: true })
        {
            CompareAt(field?.Element ?? PathElement.Field(name), left, right, child, walk);
        }
    }
}
