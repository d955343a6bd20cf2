namespace OrleansOrchestrator.Grains.Reconciling;

/// <summary>
/// Which numbers an owner gives its next children.
/// <para>
/// The cursor is the first number whose fate is not known for sure. It is saved as soon as the creates before it are
/// answered, and before any others are sent. So whoever begins anew, from what was saved and from the children that
/// there are, asks for the very names of an interrupted step, whose requests may still be under way; and gives none
/// of a child that was there and went, whether it saw that one or not.
/// </para>
/// </summary>
public sealed class ChildSequence(int savedCursor)
{
    /// <summary>Numbers from the cursor on that are not to be given.</summary>
    private readonly HashSet<int> _taken = [];

    /// <summary>No number below is given.</summary>
    private int _cursor = savedCursor;

    /// <summary>A child has or had this number, or its name is somebody else's: it is not given again.</summary>
    public void Used(int number)
    {
        if (number >= _cursor)
        {
            _taken.Add(number);
        }
    }

    /// <summary>Moves the cursor to the first number that is not known to be taken, or further; returns it.</summary>
    public int Settle(int atLeast = 0)
    {
        if (atLeast > _cursor)
        {
            _cursor = atLeast;
            _taken.RemoveWhere(n => n < atLeast);
        }

        while (_taken.Remove(_cursor))
        {
            _cursor++;
        }

        return _cursor;
    }

    /// <summary>The next numbers to use.</summary>
    public IEnumerable<int> Next()
    {
        for (var number = _cursor; ; number++)
        {
            if (!_taken.Contains(number))
            {
                yield return number;
            }
        }
    }
}
