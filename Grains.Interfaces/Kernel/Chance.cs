using System.Security.Cryptography;

namespace OrleansOrchestrator.Interfaces.Kernel;

/// <summary>
/// All that is left to chance where no test needs to repeat it: everything else takes a <see cref="Random"/> or an id
/// from its caller. The symbols behind this are banned elsewhere.
/// </summary>
#pragma warning disable RS0030 // This is the one place.
public static class Chance
{
    [ThreadStatic]
    private static IdSource? _ids;

    /// <summary>May be used by several threads.</summary>
    public static Random Source => Random.Shared;

    /// <summary>Names something once and for all: a version 4 UUID (RFC 9562), which nobody can foretell.</summary>
    public static Guid NewId() => (_ids ??= new IdSource()).Next();

    /// <summary>
    /// Asks the system for the bytes of many ids at a time: every request has an id, and each question is a call of the
    /// kernel.
    /// </summary>
    private sealed class IdSource
    {
        private const int IdBytes = 16;
        private const int VersionAt = 6;
        private const int VariantAt = 8;

        private readonly byte[] _bytes = new byte[64 * IdBytes];
        private int _used;

        public IdSource() => _used = _bytes.Length;

        public Guid Next()
        {
            if (_used == _bytes.Length)
            {
                RandomNumberGenerator.Fill(_bytes);
                _used = 0;
            }

            var id = _bytes.AsSpan(_used, IdBytes);
            _used += IdBytes;
            id[VersionAt] = (byte)((id[VersionAt] & 0x0F) | 0x40);
            id[VariantAt] = (byte)((id[VariantAt] & 0x3F) | 0x80);
            return new Guid(id, bigEndian: true);
        }
    }
}
