using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using OrleansOrchestrator.Formats;

namespace OrleansOrchestrator.Api.Remote;

/// <summary>
/// Gives each value of a header a line of its own. .NET's client puts all of them into one, with commas; of the headers
/// that tell a user, servers take a line for one value, commas and all. So values are joined by a mark that nobody can
/// guess, and become lines on their way out. Only for connections of HTTP/1.1, whose client writes all headers of a
/// request at once.
/// </summary>
internal sealed class HeaderLines(Stream inner) : SequentialStream
{
    private static readonly string Mark = RandomNumberGenerator.GetHexString(32);
    private static readonly byte[] MarkBytes = Encoding.ASCII.GetBytes(Mark);

    public override bool CanRead => inner.CanRead;

    public override bool CanWrite => inner.CanWrite;

    /// <summary>All values as one, which such a connection takes apart again.</summary>
    public static string Join(IEnumerable<string> values) => string.Join(Mark, values);

    /// <summary>What is to be written instead of what the client writes.</summary>
    public static ReadOnlyMemory<byte> Split(ReadOnlyMemory<byte> written)
    {
        var rest = written.Span;
        if (rest.IndexOf(MarkBytes) < 0)
        {
            return written;
        }

        var output = new ArrayBufferWriter<byte>(written.Length + 1024);
        ReadOnlySpan<byte> name = default;
        for (int at; (at = rest.IndexOf(MarkBytes)) >= 0; rest = rest[(at + MarkBytes.Length)..])
        {
            var before = rest[..at];
            if (before.LastIndexOf("\r\n"u8) is >= 0 and var end)
            {
                var line = before[(end + 2)..];
                name = line[..Math.Max(0, line.IndexOf((byte)':'))];
            }

            output.Write(before);
            output.Write("\r\n"u8);
            output.Write(name);
            output.Write(": "u8);
        }

        output.Write(rest);
        return output.WrittenMemory;
    }

    public override void Flush() => inner.Flush();

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.ReadAsync(buffer, cancellationToken);

    public override void Write(byte[] buffer, int offset, int count) =>
        inner.Write(Split(buffer.AsMemory(offset, count)).Span);

    public override ValueTask WriteAsync(
        ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) =>
        inner.WriteAsync(Split(buffer), cancellationToken);

    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
