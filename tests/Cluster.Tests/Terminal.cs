using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>A command at a real terminal of a given size; the test reads what it shows and types.</summary>
public sealed class Terminal : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly StringBuilder _shown = new();

    private Terminal(Process process) => _process = process;

    /// <summary>Runs kubectl as admin at a terminal, which Debian's <c>script</c> makes.</summary>
    public static Terminal Start(RealCluster cluster, int rows, int columns, string arguments)
    {
        var size = string.Create(CultureInfo.InvariantCulture, $"stty rows {rows} columns {columns}");
        var start = new ProcessStartInfo("script", ["-qec", $"{size}; exec {Tools.Kubectl} {arguments}", "/dev/null"])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["KUBECONFIG"] = cluster.Kubeconfig;
        start.Environment["TERM"] = "xterm";
        return new Terminal(Process.Start(start)!);
    }

    /// <summary>Reads until the text has been shown; what was shown up to there is used up.</summary>
    public async Task ReadUntilAsync(string text)
    {
        using var patience = new CancellationTokenSource(Patience);
        var buffer = new char[1024];
        while (!_shown.ToString().Contains(text, StringComparison.Ordinal))
        {
            int count;
            try
            {
                count = await _process.StandardOutput.ReadAsync(buffer, patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"the terminal does not show '{text}', but:\n{_shown}");
            }

            if (count == 0)
            {
                throw new InvalidOperationException($"the terminal closed before it showed '{text}':\n{_shown}");
            }

            _shown.Append(buffer, 0, count);
        }

        _shown.Remove(0, _shown.ToString().IndexOf(text, StringComparison.Ordinal) + text.Length);
    }

    /// <summary>Types a line.</summary>
    public async Task TypeAsync(string line)
    {
        await _process.StandardInput.WriteAsync(line + "\r");
        await _process.StandardInput.FlushAsync();
    }

    /// <summary>Waits for the command's end: its exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        await _process.StandardOutput.ReadToEndAsync(patience.Token);
        await _process.WaitForExitAsync(patience.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.EndedAsync();
        }

        _process.Dispose();
    }
}
