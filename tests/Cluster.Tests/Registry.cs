using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit;

namespace OrleansOrchestrator.Cluster.Tests;

/// <summary>Debian's docker-registry on loopback, open or behind a login.</summary>
public sealed class Registry : IAsyncDisposable
{
    public const string User = "reader";
    public const string Password = "s3cret";
    private const string Binary = "/usr/bin/docker-registry";
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(3);

    // bcrypt of the password, as the registry's file of users wants it
    private const string Hash = "$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK";

    private readonly Process _process;

    private Registry(Process process, string host) => (_process, Host) = (process, host);

    /// <summary>Host and port, as images name it.</summary>
    public string Host { get; }

    /// <summary>
    /// Starts one with its files in a directory of its own, and returns when it listens; skips the calling test where
    /// the program is missing.
    /// </summary>
    public static async Task<Registry> StartAsync(string directory, bool login = false)
    {
        Assert.SkipUnless(File.Exists(Binary), "needs Debian's docker-registry");
        Directory.CreateDirectory(directory);
        var host = $"127.0.0.1:{FreePort().ToString(CultureInfo.InvariantCulture)}";
        var configuration = Path.Combine(directory, "config.yml");
        File.WriteAllText(Path.Combine(directory, "users"), $"{User}:{Hash}\n");
        File.WriteAllText(configuration, $"""
            version: 0.1
            log:
              level: info
            storage:
              filesystem:
                rootdirectory: {directory}/data
            http:
              addr: {host}
            {(login ? $"auth: {{htpasswd: {{realm: shelf, path: {directory}/users}}}}" : "")}
            """);
        var process = Process.Start(new ProcessStartInfo(Binary, ["serve", configuration])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var listens = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                listens.TrySetException(new InvalidOperationException("the registry ended before it listened"));
            }
            else if (line.Data.Contains("listening on", StringComparison.Ordinal))
            {
                listens.TrySetResult();
            }
        };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        await listens.Task.WaitAsync(StartPatience);
        return new Registry(process, host);
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.EndedAsync();
        _process.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
