/**
 * Words of `virsh domjobinfo`, in the languages into which its labels are translated.
 *
 * libvirt 9.0.0, po files as Debian compiles them (libvirt-l10n 9.0.0-4, 2026-11-30): cs, de, es, ja, ko, nl, pl, pt_BR, ru, sv, uk,
 * zh_CN. What a language leaves untranslated is printed in English.
 */

/** What a value of the text is. */
export type JobUnit = 'ms' | 'size' | 'rate' | 'count' | 'percent' | 'word';

export interface JobLabel {
  /** Name of the typed parameter, as --rawstats prints it; `expected_downtime` is `downtime` of a job that runs. */
  readonly raw: string;
  readonly unit: JobUnit;
  /** What stands before the colon, language by language, between bars. */
  readonly words: string;
}

export const JOB_LABELS: readonly JobLabel[] = [
  { raw: 'operation', unit: 'word', words: 'Operation|Operace|操作|작업|Операция|Åtgärd|Операція' },
  {
    raw: 'time_elapsed',
    unit: 'ms',
    words:
      'Time elapsed|Uplynulý čas|Verstrichene Zeit|Tiempo transcurrido|経過時間|전체 시간|Verstreken tijd|Upłynęło czasu|Tempo decorrido|Прошло|Förfluten tid|Пройшло часу|消耗的时间',
  },
  {
    raw: 'time_elapsed_net',
    unit: 'ms',
    words:
      'Time elapsed w/o network|Doba uplynulá bez sítě|ネットワークがない状態での経過時間|네트워크 없이 경과된 시간|Время вне сети|Förfluten tid utan nätverk|Час поза мережею|无网络所消耗的时间',
  },
  {
    raw: 'time_remaining',
    unit: 'ms',
    words:
      'Time remaining|Zbývající doba|Verbleibende Zeit|Tiempo restante|残り時間|남은 시간|Resterende tijd|Czas pozostały|Tempo restante|Осталось|Återstående tid|Залишилось часу|剩余的时间',
  },
  {
    raw: 'data_processed',
    unit: 'size',
    words:
      'Data processed|Zpracovaných dat|Verarbeitete Daten|Datos procesados|処理済みデータ|처리된 데이터|Verwerkte data|Przetworzono danych|Dados processados|Обработано данных|Bearbetade data|Оброблено даних|处理的数据',
  },
  {
    raw: 'data_remaining',
    unit: 'size',
    words:
      'Data remaining|Zbývajících dat|Verbleibende Daten|Datos pendientes|残りデータ|남은 데이터|Resterende data|Pozostało danych|Dados restantes|Осталось данных|Återstående data|Залишилося даних|剩余数据',
  },
  {
    raw: 'data_total',
    unit: 'size',
    words:
      'Data total|Dat celkem|Gesamte Daten|Datos totales|合計データ|전체 데이터|Totale data|Razem danych|Total de Dados|Всего данных|Totala data|Загалом даних|数据总量',
  },
  {
    raw: 'memory_processed',
    unit: 'size',
    words:
      "Memory processed|Zpracované paměti|Benutzter Speicher|Memoria procesada|処理済みメモリー|처리된 메모리|Verwerk geheugen|Przetworzono pamięć|Memória processada|Обработано памяти|Minnes bearbetat|Оброблено пам'яті|处理的内存",
  },
  {
    raw: 'memory_remaining',
    unit: 'size',
    words:
      "Memory remaining|Zbývající paměti|Verbleibender Speicher|Memoria restante|残りメモリー|남은 메모리|Resterend geheugen|Pozostało pamięci|Memória restante|Осталось памяти|Minne återstående|Залишилося пам'яті|剩余的内存",
  },
  {
    raw: 'memory_total',
    unit: 'size',
    words:
      "Memory total|Paměti celkem|Gesamter Speicher|Memoria total|合計メモリー|전체 메모리|Totaal geheugen|Razem pamięci|Memória total|Всего памяти|Minne totalt|Загалом пам'яті|内存总量",
  },
  {
    raw: 'memory_bps',
    unit: 'rate',
    words:
      "Memory bandwidth|Rychlost paměti|メモリー帯域幅|메모리 대역폭|Пропускная способность памяти|Minnesbandbredd|Пропускна здатність пам'яті|内存带宽",
  },
  {
    raw: 'memory_dirty_rate',
    unit: 'count',
    words: 'Dirty rate|ダーティレート|더러운 비율|Брутто-скорость|Smutsighetshastighet|Брутто-швидкість|脏率',
  },
  {
    raw: 'memory_page_size',
    unit: 'count',
    words: 'Page size|Velikost stránky|ページサイズ|페이지 크기|Размер страницы|Sidstorlek|Розмір сторінки|页面大小',
  },
  {
    raw: 'memory_iteration',
    unit: 'count',
    words: 'Iteration|Průchod|イテレーション|반복|Итерация|Upprepning|Ітерація|迭代',
  },
  {
    raw: 'memory_postcopy_requests',
    unit: 'count',
    words:
      'Postcopy requests|Postcopy požadavků|Postcopy リクエスト|복사 후 요청|Запрос пост-копирования|Postkopieringsbegäran|Запити посткопіювання|Postcopy 请求',
  },
  {
    raw: 'memory_constant',
    unit: 'count',
    words:
      'Constant pages|Konstantní stránky|Ständige Seiten|Páginas constantes|不変ページ|고정 페이지|páginas constantes|Неизменяемые страницы|Konstanta sidor|Незмінні сторінки|常数页',
  },
  {
    raw: 'memory_normal',
    unit: 'count',
    words:
      'Normal pages|Normální stránka|Normale Seiten|Páginas normales|通常ページ|평범한 페이지|páginas normais|Обычные страницы|Normala sidor|Звичайні сторінки|正常页',
  },
  {
    raw: 'memory_normal_bytes',
    unit: 'size',
    words:
      'Normal data|Normální data|Normale Daten|Datos normales|通常データ|평범한 데이터|Dados normais|Обычные данные|Normala data|Звичайні дані|正常数据',
  },
  {
    raw: 'downtime',
    unit: 'ms',
    words:
      'Total downtime|Celková doba nedostupnosti|ダウンタイムの合計|전체 중단시간|Общее время простоя|Total nertid|Загальний час непрацездатності|总停机时间',
  },
  {
    raw: 'expected_downtime',
    unit: 'ms',
    words:
      'Expected downtime|Očekávaná doba nedostupnosti|Voraussichtliche Ausfallzeit|Tiempo de inactividad esperado|期待ダウンタイム|예상 중단시간|Downtime esperado|Оцениваемое время простоя|Förväntad nertid|Очікуваний час непрацездатності|希望的当机时间',
  },
  {
    raw: 'downtime_net',
    unit: 'ms',
    words:
      'Downtime w/o network|Doba výpadku bez sítě|ネットワークなしのダウンタイム|네트워크가 없는 다운타임|Время простоя без сети|Nertid utan nätverk|Час непрацездатності без мережі|停机 w/o 网络',
  },
  {
    raw: 'setup_time',
    unit: 'ms',
    words:
      'Setup time|Čas nastavení|セットアップ時間|설치 시간|Время подготовки|Uppsättningstid|Час налаштування|设置时间',
  },
  {
    raw: 'auto_converge_throttle',
    unit: 'percent',
    words:
      'Auto converge throttle|Omezování automatické konvergence|自動収束スロットル|자동 수렴 쓰로틀|Регулирование скорости для автосхождения|Automatkonvergeringsstrypning|Дроселювання автопокриття|自动聚集节流',
  },
  {
    raw: 'disk_processed',
    unit: 'size',
    words:
      'File processed|Zpracováno souborů|Verarbeitete Datei|Archivo procesado|処理済みファイル|처리된 파일|Verwerkt bestand|Przetworzono plików|Arquivo processado|Обработано файлов|Fil bearbetad|Оброблено файлів|处理的文件',
  },
  {
    raw: 'disk_remaining',
    unit: 'size',
    words:
      'File remaining|Zbývá souborů|Verbleibende Datei|Archivo restante|残りファイル|남은 파일|Resterende bestand|Pozostało plików|Arquivo restante|Осталось файлов|Fil återstående|Залишилося файлів|剩余文件',
  },
  {
    raw: 'disk_total',
    unit: 'size',
    words:
      'File total|Souborů celkem|Datei gesamt|Archivo total|合計ファイル|전체 파일|Totaal bestand|Razem plików|Total de arquivo|Всего файлов|Fil totalt|Загалом файлів|文件总数',
  },
  {
    raw: 'errmsg',
    unit: 'word',
    words:
      'Error message|エラーメッセージ|오류 메세지|Сообщение об ошибке|Felmeddelande|Повідомлення про помилку|错误信息',
  },
];

/** The label of the first line, between bars. */
export const JOB_TYPE_WORDS =
  'Job type|Typ úlohy|Job-Typ|Tipo de trabajo|ジョブタイプ|작업 유형|Taak type|Typ zadania|tipo de trabalho|Тип задания|Jobbtyp|Тип завдання|任务类型';

/** Types of jobs in the order of their numbers, each with the words for it between bars. */
export const JOB_TYPES: readonly (readonly [type: string, words: string])[] = [
  ['none', 'None|Žádné|Kein|Ninguno|なし|없음|Geen|Brak|Nenhum|Нет|Inget|Немає|无'],
  [
    'bounded',
    "Bounded|Navázáno|Gebunden|Ligado|制限|묶임|Gebonden|Powiązane|Vínculado|Связано|Begränsad|Зв'язане|已捆绑",
  ],
  [
    'unbounded',
    "Unbounded|Navázání zrušeno|Unbegrenzt|Ilimitado|無制限|묶이지 않음|Ongebonden|Niepowiązane|Desvinculado|Не связано|Незв'язане|未捆绑",
  ],
  ['completed', 'Completed|Dokončeno|完了|완료|Завершено|Färdig|完成'],
  ['failed', 'Failed|Nezdařilo se|Fehlgeschlagen|Falló|失敗|실패함|Falhou|Сбой|Misslyckades|Помилка|已失败'],
  ['cancelled', 'Cancelled|Zrušeno|キャンセル済み|취소|Отменено|Avbruten|Скасовано|已取消'],
];

/** Operations in the order of their numbers (virDomainJobOperation), each with the words for it between bars. */
export const JOB_OPERATIONS: readonly (readonly [operation: string, words: string])[] = [
  [
    'unknown',
    'Unknown|Neznámý|Unbekannt|Desconocido|不明|알려지지 않음|Onbekend|Nieznany|Desconhecido|Неизвестен|Okänd|Невідомо|未知',
  ],
  ['start', 'Start|Spustit|起動|시작|Запустить|Starta|Запустити|启动'],
  ['save', 'Save|Uložit|Sichern|Guardar|保存|저장|salvar|Сохранить|Spara|Зберегти'],
  ['restore', 'Restore|Obnovit|復元|복구(_R)|Восстановить|Återställ|Відновити|恢复'],
  [
    'incoming migration',
    'Incoming migration|Příchozí migrace|着信マイグレーション|들어오는 이전|Входящая миграция|Ingommande migrering|Вхідне перенесення|传入的迁移',
  ],
  [
    'outgoing migration',
    'Outgoing migration|Probíhající migrace|発信マイグレーション|나가는 이전(migration)|Исходящая миграция|Utgående migrering|Вихідне перенесення|向外迁移',
  ],
  ['snapshot', 'Snapshot|Zachycený stav|スナップショット|스냅샷|Снимок|Ögonblicksbild|Знімок|快照'],
  [
    'snapshot revert',
    'Snapshot revert|Vrácení zachyceného stavu|スナップショットを元に戻します|스냅샷 되돌리기|Восстановление снимка|Återställ ögonblicksbild|Повернення знімка|快照恢复',
  ],
  ['dump', 'Dump|Výpis|Vaciado|ダンプ|덤프|Дамп|Dumpa|Створити дамп|转储'],
  ['backup', 'Backup|バックアップ|원본을 복사 후 저장 (백업)|Резервное копирование|Säkerhetskopia|Резервування|备份'],
  ['snapshot delete', 'Snapshot delete|스냅샷 삭제|Вилучення знімка'],
];
