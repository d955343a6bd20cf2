using System.Text.Json;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;
using OrleansOrchestrator.Resources.Kernel;

namespace OrleansOrchestrator.Grains.Scheduling;

/// <summary>
/// The selectors of Services, ReplicationControllers, ReplicaSets and StatefulSets, which say what pods a pod is one
/// of.
/// </summary>
public sealed class OwnerSelectors
{
    private readonly SelectorTable _services = new(isMap: true);
    private readonly SelectorTable _controllers = new(isMap: true);
    private readonly SelectorTable _replicaSets = new(isMap: false);
    private readonly SelectorTable _statefulSets = new(isMap: false);

    /// <summary>What it is made of.</summary>
    public IEnumerable<(ResourceName Resource, IObjectTable Table)> Tables =>
    [
        (WellKnown.Services, _services), (WellKnown.ReplicationControllers, _controllers),
        (WellKnown.ReplicaSets, _replicaSets), (WellKnown.StatefulSets, _statefulSets),
    ];

    /// <summary>All the selectors that select the pod, as one; null when none does.</summary>
    public JoinedSelector? Of(PodInfo pod)
    {
        var joined = _services.In(pod.Key.Namespace) is { } services ? Join(services.Values, pod) : null;
        return pod.Owner is { } owner && OwnersOf(owner.Kind) is { } table
            && table.In(pod.Key.Namespace)?.GetValueOrDefault(owner.Name) is { } own
                ? JoinedSelector.Of(joined, own)
                : joined;
    }

    private SelectorTable? OwnersOf(string kind) => kind switch
    {
        "ReplicaSet" => _replicaSets,
        "StatefulSet" => _statefulSets,
        "ReplicationController" => _controllers,
        _ => null,
    };

    private static JoinedSelector? Join(IEnumerable<OneSelector> services, PodInfo pod)
    {
        JoinedSelector? joined = null;
        foreach (var service in services)
        {
            if (service.Selector.Matches(pod.Labels))
            {
                joined = JoinedSelector.Of(joined, service);
            }
        }

        return joined;
    }

    /// <summary>
    /// The selectors of one kind. Only a changed one is parsed: these objects change their status all the time.
    /// </summary>
    private sealed class SelectorTable(bool isMap) : IObjectTable
    {
        private readonly Dictionary<string, Dictionary<string, OneSelector>> _byNamespace =
            new(StringComparer.Ordinal);

        public Dictionary<string, OneSelector>? In(string space) => _byNamespace.GetValueOrDefault(space);

        /// <inheritdoc/>
        public void Apply(ChangeKind kind, ResourceObject item)
        {
            var text = kind == ChangeKind.Deleted ? default : RawSelector(item.Json.Span);
            if (text.Length == 0)
            {
                Remove(item.Key);
                return;
            }

            if (!_byNamespace.TryGetValue(item.Key.Namespace, out var all))
            {
                _byNamespace.Add(item.Key.Namespace, all = new(StringComparer.Ordinal));
            }

            if (!all.TryGetValue(item.Key.Name, out var known) || !text.SequenceEqual(known.Json))
            {
                Put(all, item.Key, text.ToArray());
            }
        }

        /// <inheritdoc/>
        public void KeepOnly(IReadOnlySet<ObjectKey> present)
        {
            var all = _byNamespace.SelectMany(s => s.Value.Keys.Select(name => new ObjectKey(s.Key, name)));
            foreach (var gone in all.Where(k => !present.Contains(k)).ToArray())
            {
                Remove(gone);
            }
        }

        private void Put(Dictionary<string, OneSelector> all, ObjectKey key, byte[] json)
        {
            var selector = isMap
                ? LabelSelector.OfMap(JsonSerializer.Deserialize<Dictionary<string, string>>(json))
                : LabelSelector.Of(JsonSerializer.Deserialize<V1LabelSelector>(json));
            if (selector.IsEverything)
            {
                Remove(key);
            }
            else
            {
                all[key.Name] = new OneSelector(json, selector);
            }
        }

        private void Remove(ObjectKey key)
        {
            if (_byNamespace.TryGetValue(key.Namespace, out var all) && all.Remove(key.Name) && all.Count == 0)
            {
                _byNamespace.Remove(key.Namespace);
            }
        }

        /// <summary><c>spec.selector</c>; empty without.</summary>
        private static ReadOnlySpan<byte> RawSelector(ReadOnlySpan<byte> json)
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (!CommittedJson.Find(ref reader, "spec"u8) || !CommittedJson.Find(ref reader, "selector"u8)
                || reader.TokenType != JsonTokenType.StartObject)
            {
                return default;
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            return json[start..(int)reader.BytesConsumed];
        }
    }
}

/// <summary>A selector of an object.</summary>
/// <param name="Json">As it is stored.</param>
/// <param name="Selector">What it means.</param>
public sealed record OneSelector(byte[] Json, LabelSelector Selector)
{
    /// <summary>Equal texts mean the same.</summary>
    public string Text { get; } = Selector.ToString();
}

/// <summary>Several selectors, all of which must select a pod.</summary>
/// <param name="Text">Equal texts mean the same.</param>
/// <param name="Selectors">They.</param>
public sealed record JoinedSelector(string Text, LabelSelector[] Selectors)
{
    public static JoinedSelector Of(JoinedSelector? first, OneSelector second) => first is null
        ? new JoinedSelector(second.Text, [second.Selector])
        : new JoinedSelector($"{first.Text};{second.Text}", [.. first.Selectors, second.Selector]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var selector in Selectors)
        {
            if (!selector.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }
}
