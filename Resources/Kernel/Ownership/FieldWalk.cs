using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// Walks two versions of an object in step and notes what came, went and changed. Whoever has the versions in another
/// form than JSON walks them himself, and tells where he goes.
/// </summary>
internal sealed class FieldWalk
{
    private readonly FieldSetBuilder _added = new();
    private readonly FieldSetBuilder _modified = new();
    private readonly FieldSetBuilder _removed = new();
    private bool _failed;

    [ThreadStatic]
    private static FieldWalk? _spare;

    public static FieldWalk Rent()
    {
        var walk = _spare ?? new FieldWalk();
        _spare = null;
        return walk;
    }

    /// <summary>What was found. The walk is another's from now on.</summary>
    public FieldChanges? Return()
    {
        var changes = new FieldChanges(_added.Build(), _modified.Build(), _removed.Build());
        var failed = _failed;
        _failed = false;
        _spare = this;
        return failed ? null : changes;
    }

    /// <summary>Compares what two versions have at the present place.</summary>
    public void Compare(JsonElement left, JsonElement right, OwnedType type)
    {
        if (TypedJson.IsWrittenAlike(left, right))
        {
            return;
        }

        var kind = right.IsAbsent() ? type.KindOf(left) : type.KindOf(right);
        if (!left.IsAbsent() && !right.IsAbsent() && type.KindOf(left) != kind)
        {
            // What was there goes, and what is there comes, each as what it is.
            CompareAs(type.KindOf(left), left, right, type);
        }

        if (!CompareAs(kind, left, right, type))
        {
            Note(left, right);
        }
    }

    /// <summary>False when it went into the parts.</summary>
    private bool CompareAs(OwnedKind kind, JsonElement left, JsonElement right, OwnedType type)
    {
        switch (kind)
        {
            case OwnedKind.Map when !type.Map!.IsAtomic && !(left.IsEmptyMap() && right.IsEmptyMap()):
                CompareMaps(left, right, type.Map);
                return false;
            case OwnedKind.List when !type.List!.IsAtomic && !(left.IsEmptyList() && right.IsEmptyList()):
                CompareLists(left, right, type.List);
                return false;
            default:
                if (!Note(left, right) && !JsonElement.DeepEquals(left, right))
                {
                    _modified.Add();
                }

                return true;
        }
    }

    /// <summary>Notes what came or went as a whole.</summary>
    private bool Note(JsonElement left, JsonElement right)
    {
        Note(!left.IsAbsent(), !right.IsAbsent());
        return left.IsAbsent() || right.IsAbsent();
    }

    /// <summary>Notes the present place when only one version has it.</summary>
    public void Note(bool isInLeft, bool isInRight)
    {
        if (!isInLeft)
        {
            _added.Add();
        }
        else if (!isInRight)
        {
            _removed.Add();
        }
    }

    /// <summary>Notes that the present place differs as a whole.</summary>
    public void NoteModified() => _modified.Add();

    /// <summary>Goes down a step; what only one side has comes or goes with all that is in it.</summary>
    public void Enter(PathElement element, bool isInLeft, bool isInRight)
    {
        if (isInRight)
        {
            _added.Enter(element);
        }

        if (isInLeft)
        {
            _removed.Enter(element);
        }

        if (isInLeft && isInRight)
        {
            _modified.Enter(element);
        }
    }

    /// <summary>Comes back from a step that was entered with the same sides.</summary>
    public void Leave(bool isInLeft, bool isInRight)
    {
        if (isInRight)
        {
            _added.Leave();
        }

        if (isInLeft)
        {
            _removed.Leave();
        }

        if (isInLeft && isInRight)
        {
            _modified.Leave();
        }
    }

    private void CompareMaps(JsonElement left, JsonElement right, OwnedMap type)
    {
        var pairs = new PropertyPairs(left, right);
        while (pairs.MoveNext())
        {
            if (TypedJson.IsWrittenAlike(pairs.Left, pairs.Right))
            {
                continue;
            }

            var field = type.Find(pairs.Property);
            if ((field?.Type ?? type.Elements) is { } child && field is not { IsSkipped: true })
            {
                CompareAt(field?.Element ?? PathElement.Field(pairs.Property.Name), pairs.Left, pairs.Right, child);
            }
        }
    }

    private void CompareAt(PathElement element, JsonElement left, JsonElement right, OwnedType type)
    {
        var (isInLeft, isInRight) = (!left.IsAbsent(), !right.IsAbsent());
        Enter(element, isInLeft, isInRight);
        Compare(left, right, type);
        Leave(isInLeft, isInRight);
    }

    private void CompareLists(JsonElement left, JsonElement right, OwnedList type)
    {
        var (lefts, rights) = (new ListItems(left, type), new ListItems(right, type));
        _failed |= lefts.Error is not null || rights.Error is not null;
        for (var i = 0; i < lefts.Count; i++)
        {
            var element = lefts.ElementAt(i);
            if (lefts.HasDuplicates && lefts.IndexOf(element) != i)
            {
                continue;
            }

            if (lefts.HasDuplicates || rights.HasDuplicates)
            {
                CompareAll(element, lefts.All(element), rights.All(element), type.Items);
                continue;
            }

            var at = rights.IndexOf(element);
            CompareAt(element, lefts.ItemAt(i), at < 0 ? default : rights.ItemAt(at), type.Items);
        }

        for (var i = 0; i < rights.Count; i++)
        {
            var element = rights.ElementAt(i);
            if (lefts.IndexOf(element) >= 0)
            {
                continue;
            }

            if (!rights.HasDuplicates)
            {
                CompareAt(element, default, rights.ItemAt(i), type.Items);
            }
            else if (rights.IndexOf(element) == i)
            {
                CompareAll(element, [], rights.All(element), type.Items);
            }
        }
    }

    /// <summary>Several elements under one step are one value, which the step alone stands for.</summary>
    private void CompareAll(PathElement element, List<JsonElement> left, List<JsonElement> right, OwnedType type)
    {
        if (left.Count <= 1 && right.Count <= 1)
        {
            CompareAt(element, left.FirstOrDefault(), right.FirstOrDefault(), type);
        }
        else if (left.Count > 1 && right.Count > 1)
        {
            if (left.Count != right.Count || !left.Zip(right).All(p => JsonElement.DeepEquals(p.First, p.Second)))
            {
                _modified.AddChild(element);
            }
        }
        else if (left.Count > 1)
        {
            right.ForEach(r => CompareAt(element, default, r, type));
            _removed.AddChild(element);
        }
        else
        {
            left.ForEach(l => CompareAt(element, l, default, type));
            _added.AddChild(element);
        }
    }
}
