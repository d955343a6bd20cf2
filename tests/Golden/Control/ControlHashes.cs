using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace OrleansOrchestrator.Golden.Control;

/// <summary>
/// Rule 5: hashes are free to differ from the reference's, but are to be the same wherever they occur. New ones of an
/// answer are numbered by revision, then age, then the current before the updated one.
/// </summary>
internal sealed class ControlHashes(ControlVariables variables)
{
    private const int NoRevision = 999;
    private const int FromFields = 1_000;
    private const int ShortestLabel = 4;

    private static readonly string[] Labels = ["pod-template-hash", "controller-revision-hash"];
    private static readonly string[] Fields = ["currentRevision", "updateRevision"];

    private readonly Dictionary<string, (long Revision, string Created)> _found = new(StringComparer.Ordinal);
    private readonly List<string> _order = [];

    /// <summary>Learns the hashes of an answer.</summary>
    public void Learn(JsonNode document)
    {
        Walk(document);
        foreach (var hash in _order.OrderBy(h => _found[h].Revision)
            .ThenBy(h => _found[h].Created, StringComparer.Ordinal))
        {
            variables.LearnHash(hash);
        }
    }

    private void Walk(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                NoteLabels(map);
                for (var i = 0; i < Fields.Length; i++)
                {
                    NoteField(map[Fields[i]], i);
                }

                foreach (var (_, value) in map)
                {
                    Walk(value);
                }

                break;
            case JsonArray list:
                foreach (var item in list)
                {
                    Walk(item);
                }

                break;
        }
    }

    private void NoteLabels(JsonObject map)
    {
        if (map["metadata"] is not JsonObject metadata || metadata["labels"] is not JsonObject labels)
        {
            return;
        }

        foreach (var label in Labels)
        {
            if (Last(labels[label]) is { Length: >= ShortestLabel } hash && !variables.Hashes.ContainsKey(hash))
            {
                var key = (RevisionOf(map, metadata), (string?)metadata["creationTimestamp"] ?? "");
                if (!_found.TryGetValue(hash, out var known))
                {
                    _order.Add(hash);
                    _found[hash] = key;
                }
                else if (key.CompareTo(known) < 0)
                {
                    _found[hash] = key;
                }
            }
        }
    }

    private void NoteField(JsonNode? value, int place)
    {
        if (value is JsonValue text && text.GetValueKind() == JsonValueKind.String &&
            text.ToString().Contains('-', StringComparison.Ordinal) && Last(value) is { } hash &&
            !variables.Hashes.ContainsKey(hash) && _found.TryAdd(hash, (FromFields + place, "")))
        {
            _order.Add(hash);
        }
    }

    private static long RevisionOf(JsonObject map, JsonObject metadata) =>
        map["revision"] is JsonValue number && number.GetValueKind() == JsonValueKind.Number
            ? (long)GoldenJson.AsNumber(number)
            : long.TryParse(
                (string?)metadata["annotations"]?["deployment.kubernetes.io/revision"], NumberStyles.Integer,
                CultureInfo.InvariantCulture, out var revision) ? revision : NoRevision;

    /// <summary>What is behind the last hyphen.</summary>
    private static string? Last(JsonNode? value) =>
        value is JsonValue text && text.GetValueKind() == JsonValueKind.String ? text.ToString().Split('-')[^1] : null;
}
