namespace OrleansOrchestrator.Grains.Discovery;

/// <summary>Which zones have endpoints to give away, and which need some: the greatest need first.</summary>
/// <param name="Giving">How many, by zone.</param>
/// <param name="Receiving">How many, by zone.</param>
internal sealed record ZoneBalance(SortedDictionary<string, int> Giving, SortedDictionary<string, int> Receiving)
{
    /// <summary>By what each zone is to have, and has.</summary>
    public static ZoneBalance Of(
        IReadOnlyDictionary<string, ZoneAllocation> wanted, IReadOnlyDictionary<string, int> given)
    {
        SortedDictionary<string, double> more = new(StringComparer.Ordinal), less = new(StringComparer.Ordinal);
        foreach (var (zone, allocation) in wanted)
        {
            var surplus = given.GetValueOrDefault(zone) - allocation.Desired;
            (surplus > 0 ? more : less)[zone] = Math.Abs(surplus);
        }

        var balance = new ZoneBalance(new(StringComparer.Ordinal), new(StringComparer.Ordinal));
        while (more.Count > 0 && less.Count > 0)
        {
            var (from, to) = (more.MaxBy(m => m.Value), less.MaxBy(l => l.Value));
            if ((from.Value < 1 && to.Value < 1) || from.Value < 0.5 || to.Value < 0.5)
            {
                break;
            }

            more[from.Key]--;
            less[to.Key]--;
            balance.Giving[from.Key] = balance.Giving.GetValueOrDefault(from.Key) + 1;
            balance.Receiving[to.Key] = balance.Receiving.GetValueOrDefault(to.Key) + 1;
        }

        return balance;
    }

    /// <summary>The zone that gets an endpoint of this one; null when it stays.</summary>
    public string? Move(string zone)
    {
        if (!Giving.ContainsKey(zone) || Receiving.Count == 0)
        {
            return null;
        }

        var to = Receiving.First().Key;
        TakeOne(Giving, zone);
        TakeOne(Receiving, to);
        return to;
    }

    private static void TakeOne(SortedDictionary<string, int> zones, string zone)
    {
        if (--zones[zone] == 0)
        {
            zones.Remove(zone);
        }
    }
}
