using System.Runtime.InteropServices;

namespace OrleansOrchestrator.Resources.Kernel.Ownership;

/// <summary>
/// Collects a set along a walk: <see cref="Enter"/> goes down a step, <see cref="Add"/> takes the place that is
/// reached, <see cref="Leave"/> goes back. Steps that lead to nothing cost nothing.
/// </summary>
internal sealed class FieldSetBuilder
{
    private const int MaxKept = 1024;

    private readonly List<FieldSet.Entry> _entries = [];
    private Frame[] _frames = new Frame[16];
    private int _depth;

    public void Enter(PathElement element)
    {
        if (_depth == _frames.Length)
        {
            Array.Resize(ref _frames, _depth * 2);
        }

        _frames[_depth++] = new Frame(element, false, _entries.Count);
    }

    /// <summary>Takes the present place; the object as a whole is nothing that can be owned.</summary>
    public void Add()
    {
        if (_depth > 0)
        {
            _frames[_depth - 1] = _frames[_depth - 1] with { IsMember = true };
        }
    }

    public void Leave()
    {
        var frame = _frames[--_depth];
        var children = Cut(frame.Start);
        if (frame.IsMember || children is not null)
        {
            _entries.Add(new FieldSet.Entry(frame.Element, frame.IsMember, children));
        }
    }

    /// <summary>Takes one step from the present place.</summary>
    public void AddChild(PathElement element)
    {
        Enter(element);
        Add();
        Leave();
    }

    /// <summary>The set; another can be collected afterwards.</summary>
    public FieldSet Build()
    {
        var set = Cut(0) ?? FieldSet.Empty;
        if (_entries.Capacity > MaxKept)
        {
            _entries.TrimExcess();
        }

        return set;
    }

    private FieldSet? Cut(int start)
    {
        if (start == _entries.Count)
        {
            return null;
        }

        var set = FieldSet.Of(CollectionsMarshal.AsSpan(_entries)[start..]);
        _entries.RemoveRange(start, _entries.Count - start);
        return set;
    }

    private readonly record struct Frame(PathElement Element, bool IsMember, int Start);
}
