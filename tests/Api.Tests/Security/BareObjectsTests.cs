using System.Text;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Api.Kernel;
using OrleansOrchestrator.Resources;
using OrleansOrchestrator.Resources.Kernel;
using Xunit;

namespace OrleansOrchestrator.Api.Tests.Security;

/// <summary>
/// Whatever an object lacks, it is judged and nothing fails: of an object with all fields of its kind each is taken
/// away, made null and made empty in turn, its name included.
/// </summary>
public sealed class BareObjectsTests
{
    /// <summary>Pods have thousands of fields below this depth, which their templates share.</summary>
    private const int Depth = 4;

    public static TheoryData<string> Kinds => [.. BuiltInResources.Table.All.Select(d => d.ToString())];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnyFieldMayBeAbsentNullOrEmpty(string resource)
    {
        var definition = BuiltInResources.Table.All.Single(d => d.ToString() == resource);
        var failures = (
            from number in (int[])[0, 1]
            let whole = GrownObjects.Whole(definition, number, Depth)
            from path in Locations(whole)
            from lack in Enum.GetValues<Lack>()
            select Failure(definition, whole, path, lack)).OfType<string>().ToList();

        Assert.True(failures.Count == 0, string.Join('\n', failures.Take(20)));
    }

    private static string? Failure(ResourceDefinition definition, JsonObject whole, object[] path, Lack lack)
    {
        var json = Encoding.UTF8.GetBytes(Without(whole, path, lack).ToJsonString());
        if (!BodyDecoder.Decode(
            ExpectedBody.Of(definition), json, BodyFormat.Json, FieldValidation.Ignore, []).Succeeded)
        {
            return null;
        }

        try
        {
            ObjectWork.Do(definition, json);
            return null;
        }
        catch (Exception failure) when (failure is not Xunit.Sdk.IAssertionException)
        {
            return $"{lack} {string.Join('.', path)}: {failure.Message} {failure.StackTrace?.Split('\n')[0]}";
        }
    }

    private static JsonNode Without(JsonObject whole, object[] path, Lack lack)
    {
        var result = whole.DeepClone();
        var parent = path[..^1].Aggregate(result, (node, step) => step is int i ? node[i]! : node[(string)step]!);
        JsonNode? empty = lack == Lack.Empty && Step(parent, path[^1]) is { } old
            ? old switch
            {
                JsonObject => new JsonObject(),
                JsonArray => new JsonArray(),
                JsonValue value when value.TryGetValue<string>(out _) => "",
                _ => null,
            }
            : null;
        if (path[^1] is int index)
        {
            parent[index] = empty;
        }
        else if (lack == Lack.Absent)
        {
            ((JsonObject)parent).Remove((string)path[^1]);
        }
        else
        {
            parent[(string)path[^1]] = empty;
        }

        return result;
    }

    private static JsonNode? Step(JsonNode node, object step) => step is int i ? node[i] : node[(string)step];

    private static IEnumerable<object[]> Locations(JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(field => Below(field.Key, field.Value)),
        JsonArray list => list.SelectMany((item, i) => Below(i, item)),
        _ => [],
    };

    private static IEnumerable<object[]> Below(object step, JsonNode? node) =>
        Locations(node).Select(rest => (object[])[step, .. rest]).Prepend([step]);

    private enum Lack
    {
        Absent,
        Null,
        Empty,
    }
}
