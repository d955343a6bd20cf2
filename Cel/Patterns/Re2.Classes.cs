using System.Text;

namespace OrleansOrchestrator.Cel.Patterns;

/// <content>Classes of characters.</content>
public sealed partial class Re2
{
    /// <summary>
    /// Reads what stands in brackets. Only characters of the basic plane stand alone in the engine's classes.
    /// </summary>
    private sealed class ClassReader(Re2 owner)
    {
        private readonly StringBuilder _set = new();
        private readonly List<string> _inverse = [];

        public void Read()
        {
            var start = owner._at;
            owner._at++;
            var isNot = owner.At(0) == '^';
            owner._at += isNot ? 1 : 0;
            var isFirst = true;
            while (isFirst || owner.At(0) != ']')
            {
                if (owner._at >= owner._pattern.Length)
                {
                    throw new FormatException($"missing closing ]: `{owner._pattern[start..]}`");
                }

                isFirst = false;
                if (owner.Starts("[:") && owner._pattern.IndexOf(":]", owner._at, StringComparison.Ordinal) is > 0
                    and var end)
                {
                    Named(owner._pattern[owner._at..(end + 2)]);
                    owner._at = end + 2;
                }
                else if (owner.At(0) == '\\' && owner.ClassEscape() is { } set)
                {
                    Add(set);
                }
                else
                {
                    Range();
                }
            }

            owner._at++;
            Write(isNot);
        }

        private void Named(string name)
        {
            var isNot = name.StartsWith("[:^", StringComparison.Ordinal);
            var set = UnicodeSets.Posix(isNot ? name[3..^2] : name[2..^2])
                ?? throw new FormatException($"invalid character class range: `{name}`");
            Add(isNot ? "^" + set : set);
        }

        private void Add(string set)
        {
            if (set.StartsWith('^'))
            {
                _inverse.Add(set);
            }
            else
            {
                _set.Append(set);
            }
        }

        private void Range()
        {
            var start = owner._at;
            var low = One();
            if (owner.At(0) != '-' || owner.At(1) is ']' or '\0')
            {
                _set.Append(low);
                return;
            }

            owner._at++;
            var high = One();
            if (string.CompareOrdinal(low, high) > 0)
            {
                throw new FormatException($"invalid character class range: `{owner._pattern[start..owner._at]}`");
            }

            _set.Append(low).Append('-').Append(high);
        }

        private string One()
        {
            var c = owner.At(0);
            if (c == '\\')
            {
                var code = owner.Code();
                return code.StartsWith('(') ? Written('\uFFFD') : code;
            }

            owner._at++;
            return Written(c);
        }

        /// <summary>A class with inverse sets in it is the alternative of several classes.</summary>
        private void Write(bool isNot)
        {
            if (_inverse.Count == 0)
            {
                owner._made.Append('[').Append(isNot ? "^" : "").Append(_set).Append(']');
            }
            else if (isNot)
            {
                // Not (a, or not b) is b without a.
                owner._made.Append(_inverse.Count > 1
                    ? throw new FormatException($"invalid character class range: `{owner._pattern}`")
                    : _set.Length > 0 ? $"[{_inverse[0][1..]}-[{_set}]]" : $"[{_inverse[0][1..]}]");
            }
            else
            {
                var all = _inverse.Select(static s => $"[{s}]").Concat(_set.Length > 0 ? [$"[{_set}]"] : []);
                owner._made.Append("(?:").AppendJoin('|', all).Append(')');
            }
        }
    }
}
