using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.NodeAgent.Kernel;

/// <summary>
/// Durations the way Go prints them, because people and programs read them in messages: 1m20s, 345ms.
/// </summary>
public static class GoDuration
{
    public static string Format(TimeSpan duration)
    {
        if (duration < TimeSpan.FromSeconds(1))
        {
            var milliseconds = Math.Round(duration.TotalMilliseconds, 6);
            return milliseconds == 0 ? "0s" : milliseconds.ToString("0.######", CultureInfo.InvariantCulture) + "ms";
        }

        var text = new StringBuilder();
        if (duration >= TimeSpan.FromHours(1))
        {
            text.Append(CultureInfo.InvariantCulture, $"{(long)duration.TotalHours}h");
        }

        if (duration >= TimeSpan.FromMinutes(1))
        {
            text.Append(CultureInfo.InvariantCulture, $"{duration.Minutes}m");
        }

        var seconds = (duration.Ticks % TimeSpan.TicksPerMinute) / (decimal)TimeSpan.TicksPerSecond;
        return text.Append(seconds.ToString("0.#######", CultureInfo.InvariantCulture)).Append('s').ToString();
    }
}
