using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel.Json;

namespace OrleansOrchestrator.Api.Patch;

/// <summary>
/// RFC 6902 with the habits of the library that upstream uses: replace of a missing key adds it, negative indexes count
/// from the end, whatever comes before the first slash of a path is ignored, and objects that a path leads through have
/// their fields in order afterwards.
/// </summary>
public sealed class JsonPatch
{
    /// <summary>Upstream's limit.</summary>
    public const int MaxOperations = 10000;

    /// <summary>
    /// Copies may add up to this many bytes; a few copy operations could otherwise blow a document up exponentially.
    /// </summary>
    private const int MaxCopiedBytes = 3 * 1024 * 1024;

    /// <summary>
    /// Elements of lists that all operations together may push aside: thousands of insertions at the head of a long
    /// list move every element each time.
    /// </summary>
    private const long MaxPushedAside = 100_000_000;

    /// <summary>A field of an object that is pushed aside counts as many elements: an index notes its place.</summary>
    private const int FieldCost = 10;

    /// <summary>
    /// A document may grow by this many levels; operations on deep paths could otherwise nest it until a walk over it
    /// exhausts the stack. No type has as many.
    /// </summary>
    private const int MaxGrowth = 400;

    private const string Missing = "missing value";
    private const string TestFailed = "test failed";

    private readonly List<JsonObject> _operations;

    private JsonPatch(List<JsonObject> operations)
    {
        _operations = operations;
    }

    /// <summary>Reads a patch that nobody validates; the refusal is in the words of upstream's library.</summary>
    public static Outcome<JsonPatch> Parse(ReadOnlySpan<byte> json) =>
        Parse(json, new JsonDecoding(), validates: false);

    /// <summary>Reads a client's patch; the refusal is upstream's 400, or 413.</summary>
    internal static Outcome<JsonPatch> Parse(ReadOnlySpan<byte> json, JsonDecoding decoding, bool validates)
    {
        var prefix = validates ? "error decoding patch: " : "";
        List<JsonObject> operations;
        try
        {
            operations = JsonOperations.Read(json, decoding, validates);
        }
        catch (JsonException)
        {
            return StatusErrors.BadRequest(prefix + (GoJson.FindError(json) ?? "invalid JSON"));
        }

        return decoding.Error is { } error ? StatusErrors.BadRequest(prefix + error)
            : operations.Count > MaxOperations
                ? StatusErrors.RequestEntityTooLarge(
                    $"The allowed maximum operations in a JSON patch is {MaxOperations}, got {operations.Count}")
            : new JsonPatch(operations);
    }

    /// <summary>Whether a patch was refused because a test in it did not hold.</summary>
    public static bool IsFailedTest(string reason) => reason.EndsWith($": {TestFailed}", StringComparison.Ordinal);

    /// <summary>How many operations there are.</summary>
    public int Count => _operations.Count;

    /// <summary>Applies all operations, or refuses the whole; the document may be changed in either case.</summary>
    public Outcome<JsonNode> Apply(JsonNode document) => Apply(document, out _);

    /// <summary>The same, and why it is refused: clients are not told, but who patches on their behalf is.</summary>
    public Outcome<JsonNode> Apply(JsonNode document, out string reason)
    {
        var state = new State { Root = document };
        try
        {
            foreach (var operation in _operations)
            {
                Apply(state, operation);
            }

            reason = "";
            state.Sort();
            return state.Root ?? throw PatchException.Inapplicable("the patch leaves nothing");
        }
        catch (PatchException refused)
        {
            reason = refused.Reason;
            return refused.Status;
        }
    }

    private static void Apply(State state, JsonObject operation)
    {
        var op = JsonTree.Text(operation["op"]) ?? "unknown";
        var path = JsonTree.Text(operation["path"])
            ?? throw PatchException.Inapplicable($"{op} operation failed to decode path: {Missing}");
        switch (op)
        {
            case "add":
                state.Reach(Steps(path));
                Add(state, path, Value(operation), "add operation does not apply: doc is missing path: \"{0}\"");
                break;
            case "remove":
                Remove(state, path);
                break;
            case "replace":
                state.Reach(Steps(path));
                Replace(state, path, Value(operation));
                break;
            case "move":
                var from = From(operation);
                state.Deepen(Steps(path) - Steps(from));
                var moved = Get(state, from, "move operation does not apply: doc is missing from path: {0}");
                Remove(state, from);
                Add(state, path, moved, "move operation does not apply: doc is missing destination path: {0}");
                break;
            case "copy":
                Copy(state, From(operation), path);
                break;
            case "test":
                Test(state, path, operation["value"]);
                break;
            default:
                throw PatchException.Inapplicable($"Unexpected kind: {op}");
        }
    }

    private static JsonNode? Value(JsonObject operation) =>
        operation.TryGetPropertyValue("value", out var value)
            ? value?.DeepClone()
            : throw PatchException.Inapplicable(
                $"{JsonTree.Text(operation["op"])} operation failed to decode value: {Missing}");

    private static string From(JsonObject operation) =>
        JsonTree.Text(operation["from"])
        ?? throw PatchException.Inapplicable(
            $"{JsonTree.Text(operation["op"])} operation failed to decode from: {Missing}");

    /// <summary>What is said of a place that is not there.</summary>
    private static PatchException NotThere(string form, string path) =>
        PatchException.Inapplicable($"{form.Replace("{0}", path, StringComparison.Ordinal)}: {Missing}");

    private static int Steps(string path) => path.AsSpan().Count('/');

    private static void Add(State state, string path, JsonNode? value, string missing)
    {
        switch (Container(state, path, out var key))
        {
            case JsonObject map:
                map[key] = value;
                break;
            case JsonArray list when key == "-":
                list.Add(value);
                break;
            case JsonArray list:
                var index = Index(key, list.Count + 1, "add", path);
                state.PushAside(list.Count - index);
                list.Insert(index, value);
                break;
            default:
                throw NotThere(missing, path);
        }
    }

    private static void Remove(State state, string path)
    {
        switch (Container(state, path, out var key))
        {
            case JsonObject map when map.IndexOf(key) is var at and >= 0:
                state.PushAside((long)FieldCost * (map.Count - at));
                map.RemoveAt(at);
                break;
            case JsonObject:
                throw PatchException.Inapplicable(
                    $"error in remove for path: '{path}': Unable to remove nonexistent key: {key}: {Missing}");
            case JsonArray list:
                var index = Index(key, list.Count, "remove", path);
                state.PushAside(list.Count - index);
                list.RemoveAt(index);
                break;
            default:
                throw NotThere("remove operation does not apply: doc is missing path: \"{0}\"", path);
        }
    }

    private static void Replace(State state, string path, JsonNode? value)
    {
        if (path.Length == 0)
        {
            state.Root = value;
            return;
        }

        switch (Container(state, path, out var key))
        {
            case JsonObject map:
                map[key] = value;
                break;
            case JsonArray list:
                list[Index(key, list.Count, "replace", path)] = value;
                break;
            default:
                throw NotThere("replace operation does not apply: doc is missing path: {0}", path);
        }
    }

    private static void Copy(State state, string from, string path)
    {
        state.Deepen(Steps(path) - Steps(from));
        var copy = Get(state, from, "copy operation does not apply: doc is missing from path: {0}")?.DeepClone();
        state.CopiedBytes += JsonTree.ToBytes(copy).Length;
        if (state.CopiedBytes > MaxCopiedBytes)
        {
            throw PatchException.Inapplicable(string.Create(
                CultureInfo.InvariantCulture,
                $"Unable to complete the copy, the accumulated size increase of copy is {state.CopiedBytes}, exceeding "
                + $"the limit {MaxCopiedBytes}"));
        }

        Add(state, path, copy, "copy operation does not apply: doc is missing destination path: {0}");
    }

    private static void Test(State state, string path, JsonNode? expected)
    {
        var actual = path.Length == 0
            ? state.Root
            : Get(state, path, "test operation does not apply: is missing path: {0}");
        if (!JsonTree.AreEqual(actual, expected))
        {
            throw PatchException.Inapplicable($"testing value {path} failed: {TestFailed}");
        }
    }

    private static JsonNode? Get(State state, string path, string missing) =>
        Container(state, path, out var key) switch
        {
            JsonObject map => map[key],
            JsonArray list => list[Index(key, list.Count, "get", path)],
            _ => throw NotThere(missing, path),
        };

    /// <summary>The node that holds the last step of a path; null when there is none.</summary>
    private static JsonNode? Container(State state, string path, out string key)
    {
        var steps = path.Split('/');
        key = Decode(steps[^1]);
        if (steps.Length < 2)
        {
            return null;
        }

        var current = state.Pass(state.Root);
        for (var i = 1; i < steps.Length - 1 && current is not null; i++)
        {
            current = state.Pass(current switch
            {
                JsonObject map => map[Decode(steps[i])],
                JsonArray list when TryIndex(Decode(steps[i]), list.Count, out var index) => list[index],
                _ => null,
            });
        }

        return current;
    }

    private static int Index(string key, int count, string op, string path) =>
        TryIndex(key, count, out var index)
            ? index
            : throw PatchException.Inapplicable(
                $"error in {op} for path: '{path}': Unable to access invalid index: {key}: invalid index referenced");

    private static bool TryIndex(string key, int count, out int index)
    {
        if (!int.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out index))
        {
            return false;
        }

        index = index < 0 ? index + count : index;
        return index >= 0 && index < count;
    }

    private static string Decode(string step) =>
        step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);

    private sealed class State
    {
        private readonly HashSet<JsonObject> _passed = [];

        public JsonNode? Root { get; set; }

        public int CopiedBytes { get; set; }

        private long PushedAside { get; set; }

        // By how many levels at most the document is deeper than a body may be.
        private int Growth { get; set; }

        /// <summary>Notes that a path leads through a node.</summary>
        public JsonNode? Pass(JsonNode? node)
        {
            if (node is JsonObject map)
            {
                _passed.Add(map);
            }

            return node;
        }

        /// <summary>Puts the fields of what paths led through in order.</summary>
        public void Sort()
        {
            foreach (var map in _passed)
            {
                JsonTree.Sort(map);
            }
        }

        /// <summary>Reckons with a value, no deeper than a body may be, at so many steps.</summary>
        public void Reach(int steps) => Grow(steps);

        /// <summary>Reckons with elements of a list that get another place.</summary>
        public void PushAside(long elements)
        {
            PushedAside += elements;
            if (PushedAside > MaxPushedAside)
            {
                throw PatchException.Inapplicable("the patch moves too many elements");
            }
        }

        /// <summary>Reckons with a part of the document so many levels deeper than it was.</summary>
        public void Deepen(int levels) => Grow(Growth + levels);

        private void Grow(int growth)
        {
            Growth = Math.Max(Growth, growth);
            if (Growth > MaxGrowth)
            {
                throw PatchException.Inapplicable("exceeded max depth");
            }
        }
    }
}
