namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>One at a time for each key. A key of which nobody has the turn or waits for it takes no room.</summary>
public sealed class KeyedTurns
{
    private readonly Dictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <summary>Waits for the key's turn, which lasts until what is returned is disposed of.</summary>
    /// <param name="key">Compared by its characters.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    public async Task<IDisposable> TakeAsync(string key, CancellationToken cancellationToken)
    {
        var turn = Enter(key);
        try
        {
            await turn.Gate.WaitAsync(cancellationToken);
        }
        catch
        {
            Leave(key, turn);
            throw;
        }

        return new Taken(this, key, turn);
    }

    private Turn Enter(string key)
    {
        lock (_turns)
        {
            var turn = _turns.GetValueOrDefault(key) ?? new Turn();
            turn.Users++;
            return _turns[key] = turn;
        }
    }

    private void Leave(string key, Turn turn)
    {
        lock (_turns)
        {
            if (--turn.Users == 0)
            {
                _turns.Remove(key);
            }
        }
    }

    private sealed class Turn
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        /// <summary>Who has it or waits.</summary>
        public int Users { get; set; }
    }

    private sealed class Taken(KeyedTurns turns, string key, Turn turn) : IDisposable
    {
        public void Dispose()
        {
            turn.Gate.Release();
            turns.Leave(key, turn);
        }
    }
}
