using System.Globalization;
using k8s.Models;
using OrleansOrchestrator.Interfaces.Kernel;

namespace OrleansOrchestrator.Resources.Kernel;

/// <summary>How a requirement compares.</summary>
public enum LabelOperator
{
    In,
    NotIn,
    Equals,
    DoubleEquals,
    NotEquals,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

/// <summary>A parsed label selector: all requirements must hold. Immutable; matching does not allocate.</summary>
public sealed class LabelSelector
{
    /// <summary>Selects every object.</summary>
    public static readonly LabelSelector Everything = new([], matchesNothing: false);

    /// <summary>Selects no object: what a null <c>meta/v1 LabelSelector</c> means.</summary>
    public static readonly LabelSelector Nothing = new([], matchesNothing: true);

    private readonly LabelRequirement[] _requirements;
    private readonly bool _matchesNothing;

    private LabelSelector(LabelRequirement[] requirements, bool matchesNothing)
    {
        _requirements = requirements;
        _matchesNothing = matchesNothing;
    }

    /// <summary>Those of a text are ordered by key.</summary>
    public IReadOnlyList<LabelRequirement> Requirements => _requirements;

    /// <summary>True when nothing is restricted.</summary>
    public bool IsEverything => !_matchesNothing && _requirements.Length == 0;

    /// <summary>Parses the query syntax (<c>app=web,tier in (a,b),!old</c>); the refusal is upstream's 400.</summary>
    public static Outcome<LabelSelector> Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return Everything;
        }

        try
        {
            return Of(new LabelSelectorParser(text).Parse().OrderBy(static r => r.Key, StringComparer.Ordinal));
        }
        catch (SelectorFormatException refusal)
        {
            return StatusErrors.BadRequest(refusal.Message);
        }
    }

    /// <summary>A selector of given requirements.</summary>
    public static LabelSelector Of(IEnumerable<LabelRequirement> requirements)
    {
        LabelRequirement[] all = [.. requirements];
        return all.Length == 0 ? Everything : new LabelSelector(all, matchesNothing: false);
    }

    /// <summary>All pairs must be equal, as in a Service's selector; an empty or null map selects everything.</summary>
    public static LabelSelector OfMap(IEnumerable<KeyValuePair<string, string>>? labels) =>
        Of((labels ?? []).Select(l => new LabelRequirement(l.Key, LabelOperator.Equals, [l.Value])));

    /// <summary>
    /// The meaning of a valid <c>meta/v1 LabelSelector</c>, ordered by key: null selects nothing, an empty one
    /// everything.
    /// </summary>
    public static LabelSelector Of(V1LabelSelector? selector)
    {
        if (selector is null)
        {
            return Nothing;
        }

        var labels = (selector.MatchLabels ?? new Dictionary<string, string>())
            .Select(l => new LabelRequirement(l.Key, LabelOperator.Equals, [l.Value]));
        var expressions = (selector.MatchExpressions ?? [])
            .Select(e => new LabelRequirement(e.Key, ToOperator(e.OperatorProperty), [.. e.Values ?? []]));
        return Of(labels.Concat(expressions).OrderBy(r => r.Key, StringComparer.Ordinal));
    }

    /// <summary>True when the labels satisfy every requirement.</summary>
    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in _requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return !_matchesNothing;
    }

    /// <summary>True when the labels of a model satisfy every requirement.</summary>
    public bool Matches(V1ObjectMeta metadata) => metadata.Labels switch
    {
        null => Matches(LabelRequirement.NoLabels),
        IReadOnlyDictionary<string, string> readable => Matches(readable),
        var other => Matches(new Dictionary<string, string>(other)),
    };

    /// <summary>Canonical text, as upstream prints selectors.</summary>
    public override string ToString() => string.Join(',', _requirements.Select(r => r.ToString()));

    private static LabelOperator ToOperator(string text) => text switch
    {
        "In" => LabelOperator.In,
        "NotIn" => LabelOperator.NotIn,
        "Exists" => LabelOperator.Exists,
        "DoesNotExist" => LabelOperator.DoesNotExist,
        _ => throw new SelectorFormatException($"{GoText.Quote(text)} is not a valid label selector operator"),
    };
}

/// <summary>One condition on a label.</summary>
public sealed class LabelRequirement
{
    internal static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>();

    private readonly string[] _values;
    private readonly long _number;

    /// <summary>Takes valid parts; the parser checks what comes from clients.</summary>
    public LabelRequirement(string key, LabelOperator op, IReadOnlyList<string> values)
    {
        Key = key;
        Operator = op;
        _values = [.. values];
        if (op is LabelOperator.GreaterThan or LabelOperator.LessThan)
        {
            _number = long.Parse(values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        }
    }

    public string Key { get; }

    public LabelOperator Operator { get; }

    public IReadOnlyList<string> Values => _values;

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        var has = labels.TryGetValue(Key, out var value);
        return Operator switch
        {
            LabelOperator.In or LabelOperator.Equals or LabelOperator.DoubleEquals => has && HasValue(value!),
            LabelOperator.NotIn or LabelOperator.NotEquals => !has || !HasValue(value!),
            LabelOperator.Exists => has,
            LabelOperator.DoesNotExist => !has,
            _ => has && Compares(value!),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => Operator switch
    {
        LabelOperator.Exists => Key,
        LabelOperator.DoesNotExist => "!" + Key,
        LabelOperator.In => $"{Key} in ({Sorted()})",
        LabelOperator.NotIn => $"{Key} notin ({Sorted()})",
        LabelOperator.Equals => $"{Key}={_values[0]}",
        LabelOperator.DoubleEquals => $"{Key}=={_values[0]}",
        LabelOperator.NotEquals => $"{Key}!={_values[0]}",
        LabelOperator.GreaterThan => $"{Key}>{_values[0]}",
        _ => $"{Key}<{_values[0]}",
    };

    private string Sorted() => string.Join(',', _values.Order(StringComparer.Ordinal));

    private bool HasValue(string value)
    {
        foreach (var wanted in _values)
        {
            if (string.Equals(wanted, value, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private bool Compares(string value) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) &&
        (Operator == LabelOperator.GreaterThan ? number > _number : number < _number);
}

/// <summary>A selector that cannot be understood; the message is upstream's.</summary>
internal sealed class SelectorFormatException(string message) : Exception(message);
