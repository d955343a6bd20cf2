using System.Text.Json;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// What became of the fields of an object from one version to the next. No field is in more than one of the sets.
/// </summary>
/// <param name="Added">Fields that the next version has and this one has not.</param>
/// <param name="Modified">Fields of both that differ.</param>
/// <param name="Removed">Fields that the next version has no longer.</param>
internal sealed record FieldChanges(FieldSet Added, FieldSet Modified, FieldSet Removed)
{
    /// <summary>Added and modified.</summary>
    public FieldSet Set { get; } = Added.Union(Modified);

    /// <summary>Added, modified and removed.</summary>
    public FieldSet All => field ??= Set.Union(Removed);

    public bool IsEmpty => Set.IsEmpty && Removed.IsEmpty;

    /// <summary>Compares two versions; null when some element of a list can't be told from its siblings.</summary>
    public static FieldChanges? Between(JsonElement left, JsonElement right, OwnedType type)
    {
        var walk = Walk.Rent();
        walk.Compare(left, right, type);
        return walk.Return();
    }

    /// <summary>The changes without those that a write does not own.</summary>
    public FieldChanges Where(FieldFilter? filter) =>
        filter is null ? this : new FieldChanges(filter.Keep(Added), filter.Keep(Modified), filter.Keep(Removed));

    private sealed class Walk
    {
        private readonly FieldSetBuilder _added = new();
        private readonly FieldSetBuilder _modified = new();
        private readonly FieldSetBuilder _removed = new();
        private bool _failed;

        [ThreadStatic]
        private static Walk? _spare;

        public static Walk Rent()
        {
            var walk = _spare ?? new Walk();
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
            if (left.IsAbsent())
            {
                _added.Add();
            }
            else if (right.IsAbsent())
            {
                _removed.Add();
            }
            else
            {
                return false;
            }

            return true;
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
            // What only one side has comes or goes with all that is in it.
            if (left.IsAbsent() || right.IsAbsent())
            {
                var side = left.IsAbsent() ? _added : _removed;
                side.Enter(element);
                Compare(left, right, type);
                side.Leave();
                return;
            }

            _added.Enter(element);
            _modified.Enter(element);
            _removed.Enter(element);
            Compare(left, right, type);
            _added.Leave();
            _modified.Leave();
            _removed.Leave();
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
}
