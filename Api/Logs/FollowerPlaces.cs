namespace OrleansOrchestrator.Api.Logs;

/// <summary>
/// Who follows looks through all that comes: so many may at once, and of one user no more than leave others room.
/// </summary>
internal sealed class FollowerPlaces
{
    public const int Max = 64;
    public const int MaxOfOne = 16;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _taken = new(StringComparer.Ordinal);
    private int _total;

    /// <summary>Takes a place, which is to be given back; why there is none, else.</summary>
    public string? Take(string user)
    {
        lock (_lock)
        {
            var own = _taken.GetValueOrDefault(user);
            if (own == MaxOfOne)
            {
                return $"{user} follows logs {MaxOfOne} times already";
            }

            if (_total == Max)
            {
                return "too many follow logs already";
            }

            _taken[user] = own + 1;
            _total++;
            return null;
        }
    }

    public void GiveBack(string user)
    {
        lock (_lock)
        {
            _total--;
            if (--_taken[user] == 0)
            {
                _taken.Remove(user);
            }
        }
    }
}
