namespace OrleansOrchestrator.Resources.ApiExtensions.CustomObjects;

/// <summary>Which elements of a list a path means.</summary>
/// <param name="First">The first; null for that of the list. Below zero it counts from the end.</param>
/// <param name="End">The one after the last; null for all that follow.</param>
/// <param name="Step">How far it is to the next; null for one.</param>
/// <param name="IsIndex">One element is meant.</param>
internal readonly record struct SliceBounds(int? First, int? End, int? Step, bool IsIndex)
{
    /// <summary>The places in a list of a length; null when it has not all of them.</summary>
    public (int First, int End, int Step)? Of(int length)
    {
        var first = First ?? 0;
        first += first < 0 ? length : 0;
        var end = IsIndex ? (First ?? 0) + 1 : End ?? length;
        end += end < 0 || (end == 0 && IsIndex) ? length : 0;
        return first == end ? (0, 0, 1)
            : first < 0 || first >= length || end < first || end > length || Step <= 0 ? null
            : (first, end, Step ?? 1);
    }
}
