using System.Diagnostics;
using System.Net;

namespace OrleansOrchestrator.TestKit;

/// <summary>
/// Waits for other programs with a bound that a loaded machine does not reach: what never comes fails its test, and
/// does not keep all others waiting.
/// </summary>
public static class Patiently
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

    /// <summary>The next line; null at the end.</summary>
    public static Task<string?> NextLineAsync(this TextReader reader) => reader.ReadLineAsync().WaitAsync(Patience);

    /// <summary>All that is left.</summary>
    public static Task<string> RestAsync(this TextReader reader) => reader.ReadToEndAsync().WaitAsync(Patience);

    /// <summary>
    /// The answer of a server. One that says when to come again, as a silo does that has just started or took over
    /// from another, is asked again then, as clients do.
    /// </summary>
    public static async Task<HttpResponseMessage> AnsweredAsync(this HttpClient http, Func<HttpRequestMessage> ask)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (true)
        {
            using var request = ask();
            var answer = await http.SendAsync(request, patience.Token);
            if (answer is not { StatusCode: HttpStatusCode.ServiceUnavailable, Headers.RetryAfter.Delta: { } delay })
            {
                return answer;
            }

            answer.Dispose();
            await Task.Delay(delay, TimeProvider.System, patience.Token);
        }
    }

    /// <summary>
    /// Returns when something holds that tells nobody of itself: decisions follow caches, and caches their kinds. Fails
    /// when that takes longer than so.
    /// </summary>
    public static async Task UntilAsync(TimeSpan patience, Func<CancellationToken, Task<bool>> holds)
    {
        using var bound = new CancellationTokenSource(patience, TimeProvider.System);
        while (!await holds(bound.Token))
        {
            await Task.Delay(Pause, TimeProvider.System, bound.Token);
        }
    }

    /// <summary>The end of a program.</summary>
    public static Task EndedAsync(this Process process) => process.WaitForExitAsync().WaitAsync(Patience);
}
