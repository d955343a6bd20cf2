using System.Diagnostics;
using System.Globalization;
using System.Text;
using OrleansOrchestrator.Grains.Encryption;
using Xunit;

namespace OrleansOrchestrator.Grains.Tests.Encryption;

/// <summary>
/// What encryption adds to a write and to a read of the store. Explicit: run it in Release with
/// <c>-explicit only -class *EncryptionCost</c>.
/// </summary>
public sealed class EncryptionCost(ITestOutputHelper output)
{
    private const int Rounds = 50_000;

    [Theory(Explicit = true)]
    [InlineData(EncryptionScheme.AesGcm, 1_000)]
    [InlineData(EncryptionScheme.AesGcm, 10_000)]
    [InlineData(EncryptionScheme.AesCbc, 1_000)]
    [InlineData(EncryptionScheme.AesCbc, 10_000)]
    [InlineData(EncryptionScheme.Secretbox, 1_000)]
    [InlineData(EncryptionScheme.Secretbox, 10_000)]
    public void Seal_and_open(EncryptionScheme scheme, int bytes)
    {
        var keys = new ProviderKeys(scheme, [Keys.Of("key1", 1)]);
        var encryption = Keys.ForSecrets(keys).Find(new("", "secrets"))!;
        var value = Encoding.ASCII.GetBytes($"\"{new string('a', bytes)}\"");
        var place = "/registry/secrets/shop/token"u8.ToArray();
        var stored = encryption.Seal(value, place);
        Measure($"{scheme}: seal", bytes, () => encryption.Seal(value, place));
        Measure($"{scheme}: open", bytes, () => encryption.Open(stored, place));
    }

    private void Measure(string what, int bytes, Action run)
    {
        for (var i = 0; i < Rounds / 10; i++)
        {
            run();
        }

        var start = Process.GetCurrentProcess().TotalProcessorTime;
        for (var i = 0; i < Rounds; i++)
        {
            run();
        }

        var took = (Process.GetCurrentProcess().TotalProcessorTime - start).TotalMicroseconds / Rounds;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what} of {bytes} bytes: {took:F2} µs"));
    }
}
